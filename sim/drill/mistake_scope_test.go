package drill_test

func scopeMistakes() []mistakeCase {
	return []mistakeCase{
		{
			name: "an unknown provider",
			text: "provider alpha openai https://alpha.invalid\n" +
				"provider alhpa delete\n" +
				"provider omega delete\n" +
				"expect keys alpah\n",
			want: []string{
				`2:10: unknown provider "alhpa": did you mean "alpha"?`,
				`3:10: unknown provider "omega": add it first, with "provider omega TYPE URL"`,
				`4:13: unknown provider "alpah": did you mean "alpha"?`,
			},
		},
		{
			name: "a provider that is gone",
			text: "provider alpha openai https://alpha.invalid\n" +
				"provider alpha rename beta\n" +
				"provider alpha disable\n" +
				"provider beta delete\n" +
				"provider beta enable\n" +
				"expect keys alpha\n",
			want: []string{
				`3:10: there is no provider "alpha" here any more: it was renamed or deleted above`,
				`5:10: there is no provider "beta" here any more: it was renamed or deleted above`,
			},
		},
		{
			name: "a row that is one too many",
			text: "provider alpha openai https://alpha.invalid\n" +
				"provider \"b c\" openai https://beta.invalid\n" +
				"provider alpha#1 disable\n" +
				"provider alpha#2 delete\n" +
				"provider \"b c#2\" delete\n" +
				"provider \"b c\" set type \"x y\"\n",
			want: []string{
				`4:10: there is no row "alpha#2" here, only fewer of that name: add it with another provider step, or write a smaller number`,
				`5:10: there is no row "b c#2" here, only fewer of that name: add it with another provider step, or write a smaller number`,
			},
		},
		{
			name: "an unknown tunnel",
			text: "connect t1 alpha.invalid:443\n" +
				"send t2 GET /\n" +
				"close tunnel-one\n",
			want: []string{
				"2:6: no tunnel t2 is open here: connect t2 HOST:PORT first",
				"3:7: no tunnel tunnel-one is open here: connect tunnel-one HOST:PORT first",
			},
		},
		{
			name: "a tunnel that is closed",
			text: "connect t1 alpha.invalid:443\n" +
				"close t1\n" +
				"send t1 GET /\n" +
				"close t1\n",
			want: []string{
				"3:6: no tunnel t1 is open here: connect t1 HOST:PORT first",
				"4:7: no tunnel t1 is open here: connect t1 HOST:PORT first",
			},
		},
		{
			name: "a tunnel that is open",
			text: "connect t1 alpha.invalid:443\n" +
				"connect t1 beta.invalid:443\n" +
				"request GET https://alpha.invalid/ as t1\n",
			want: []string{
				"2:9: tunnel t1 is open already: close t1 first, or choose another name",
				"3:39: t1 is a tunnel that is open here: send through it, or choose another name",
			},
		},
		{
			name: "an unknown key of a limit",
			text: "provider alpha openai https://alpha.invalid keys key-one\n" +
				"upstream alpha.invalid\n" +
				"  limit org=key-noe keys=key-one,key-noe rpm=60\n" +
				"  quota keys=none day=1\n" +
				"  window 529 from=1s\n" +
				"  key any: 200\n",
			want: []string{
				`3:26: unknown key "key-noe": did you mean "key-one"?`,
				`5:9: a window that ends before it begins: want to= behind from=, as in from=10s to=20s`,
			},
		},
		{
			name: "an unknown key",
			text: "provider alpha openai https://alpha.invalid keys key-one\n" +
				"upstream alpha.invalid\n" +
				"  key key-noe: 200\n" +
				"  key zebra: 200\n" +
				"request GET https://alpha.invalid/ key=own\n",
			want: []string{
				`3:7: unknown key "key-noe": did you mean "key-one"?`,
				`4:7: unknown key "zebra": no provider has it and no request brings it, so remove the rule or add the key`,
			},
		},
		{
			name: "settings that come late",
			text: "provider alpha openai https://alpha.invalid\n" +
				"reload\n" +
				"gateway tunnel=deny\n",
			want: []string{
				"3:1: the gateway has started already, for line 2: set it up above that line",
			},
		},
		{
			name: "settings that come twice",
			text: "gateway tunnel=deny auth=any\n" +
				"gateway byok=deny tunnel=allow\n",
			want: []string{
				"2:19: tunnel= is set in line 1 already: keep one",
			},
		},
		{
			name: "a seed that comes late",
			text: "reload\n" +
				"seed 1\n",
			want: []string{
				"2:1: seed is not the first step: move it to the top, and keep one",
			},
		},
		{
			name: "two seeds",
			text: "seed 1\n" +
				"seed 2\n",
			want: []string{
				"2:1: seed is not the first step: move it to the top, and keep one",
			},
		},
		{
			name: "one actor twice",
			text: "connect t1 alpha.invalid:443\n" +
				"parallel\n" +
				"  send t1 GET /\n" +
				"  send t1 GET /\n" +
				"  request GET https://alpha.invalid/\n" +
				"  request GET https://alpha.invalid/\n" +
				"  advance 1s\n" +
				"  advance 1s\n" +
				"  reload\n" +
				"  reload\n",
			want: []string{
				"4:8: t1 is busy with line 3 at the same time: use a tunnel of its own",
				`6:3: client is busy with line 5 at the same time: let somebody else send it, with "as NAME"`,
				"8:3: the clock is busy with line 7 at the same time: time passes once, so keep one of them",
			},
		},
		{
			name: "parallel tunnels are open afterwards",
			text: "parallel\n" +
				"  connect t1 alpha.invalid:443\n" +
				"connect t1 alpha.invalid:443\n",
			want: []string{
				"3:9: tunnel t1 is open already: close t1 first, or choose another name",
			},
		},
		{
			name: "what was not understood is doubtful",
			text: "conect t1 alpha.invalid:443\n" +
				"send t1 GET /\n" +
				"close t1\n" +
				"provder alpha openai https://alpha.invalid keys k0\n" +
				"provider alpha rename beta\n" +
				"provider beta rename gamma\n" +
				"upstream alpha.invalid\n" +
				"  key k0: 200\n" +
				"paralel\n" +
				"  connect t2 alpha.invalid:443 body=@a.json\n" +
				"connect t2 alpha.invalid:443\n" +
				"send t2 GET /\n" +
				"request GET https://alpha.invalid/ as t1\n" +
				"expect keys gamma\n" +
				"-- a.json --\n",
			want: []string{
				`1:1: unknown verb "conect": did you mean "connect"?`,
				`4:1: unknown verb "provder": did you mean "provider"?`,
				`9:1: unknown verb "paralel": did you mean "parallel"?`,
			},
		},
		{
			name: "a mistake in a line does not hide others in it",
			text: "send t9 GET v1 bdy=\"x\" key=K\n",
			want: []string{
				"1:6: no tunnel t9 is open here: connect t9 HOST:PORT first",
				`1:13: path "v1": want one that begins with / or an absolute url, or quote it if it is meant so`,
				`1:16: unknown option "bdy=": did you mean "body="?`,
				`1:28: key "K": want a name of a-z, 0-9 and -, which begins with a letter`,
			},
		},
		{
			name: "a doubtful parallel",
			text: "parallel\n" +
				"  conect t1 alpha.invalid:443\n" +
				"send t1 GET /\n",
			want: []string{
				`2:3: unknown verb "conect": did you mean "connect"?`,
			},
		},
	}
}
