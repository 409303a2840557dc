package drill_test

func actMistakes() []mistakeCase {
	return []mistakeCase{
		{
			name: "connect without words",
			text: "connect\n",
			want: []string{
				`1:8: TUNNEL is missing: write "connect TUNNEL HOST:PORT [OPTION …]"`,
			},
		},
		{
			name: "connect without a target",
			text: "connect t1\n",
			want: []string{
				`1:11: HOST:PORT is missing: write "connect TUNNEL HOST:PORT [OPTION …]"`,
			},
		},
		{
			name: "connect to a bad target",
			text: "connect t1 alpha.invalid\n" +
				"connect t2 alpha:443\n" +
				"connect t3 alpha.invalid:0443\n" +
				"connect t4 a:b:443\n" +
				"connect t5 -a.invalid:443\n" +
				"connect t6 \"example.com:443\"\n" +
				"connect t7 \"example.com\"\n" +
				"connect t8 alpha.com\n",
			want: []string{
				`1:12: target "alpha.invalid" has no port: write "alpha.invalid:443", or quote it if it is meant so`,
				`2:12: host "alpha" does not end in .invalid: write "alpha.invalid", or quote it if it is meant so`,
				`3:12: port "0443": want a number from 1 to 65535, or quote it if it is meant so`,
				`4:12: target "a:b:443" is not HOST:PORT: write one such as alpha.invalid:443, or quote it if it is meant so`,
				`5:12: host "-a.invalid" is not a host name: want one such as alpha.invalid, or quote it if it is meant so`,
				`6:12: host "example.com" could be a real one, in quotes too: write "example.invalid"`,
				`7:12: host "example.com" could be a real one, in quotes too: write "example.invalid"`,
				`8:12: target "alpha.com" is not HOST:PORT: write one such as alpha.invalid:443`,
			},
		},
		{
			name: "connect with a bad name",
			text: "connect T1 alpha.invalid:443\n" +
				"connect client alpha.invalid:443\n" +
				"connect bridge alpha.invalid:443\n",
			want: []string{
				`1:9: tunnel "T1": want a name of a-z, 0-9 and -, which begins with a letter`,
				`2:9: "client" is who sends requests without a name: call the tunnel something else, such as t1`,
				`3:9: tunnel "bridge" is what observations call somebody else: choose another name`,
			},
		},
		{
			name: "connect with no name",
			text: "connect \"\" alpha.invalid:443\n" +
				"connect a=b c=\"d\"\n",
			want: []string{
				`1:9: tunnel "": want a name of a-z, 0-9 and -, which begins with a letter`,
				`2:9: tunnel "a=b": want a name of a-z, 0-9 and -, which begins with a letter`,
				`2:13: target "c=\"d\"" is not HOST:PORT: write one such as alpha.invalid:443, or quote it if it is meant so`,
			},
		},
		{
			name: "connect options",
			text: "connect t1 alpha.invalid:443 trsut=none\n" +
				"connect t2 alpha.invalid:443 trust=nobody token=token\n" +
				"connect t3 alpha.invalid:443 sni=beta.com sni=b.invalid\n" +
				"connect t4 alpha.invalid:443 now\n" +
				"connect t5 alpha.invalid:443 token=T0 \"trust\"\n" +
				"connect t6 alpha.invalid:443 key=k0\n" +
				"connect t7 alpha.invalid:443 trust=\"none\"\n",
			want: []string{
				`1:30: unknown option "trsut=": did you mean "trust="?`,
				`2:36: trust "nobody": want gateway or none`,
				"2:49: token=token names nothing: want a name, none, or text in quotes",
				`3:34: host "beta.com" does not end in .invalid: write "beta.invalid"`,
				"3:43: sni= is written twice: keep one",
				`4:30: unknown word "now": what may follow is token=NAME|none|"TEXT", trust=gateway|none, sni=HOST, header="NAME: VALUE", hello=with-connect, alpn=PROTOCOL,…, session=NAME, stall=connect|hello|handshake|request`,
				`5:36: token "T0": want a name of a-z, 0-9 and -, which begins with a letter`,
				`5:39: unknown word "\"trust\"": what may follow is token=NAME|none|"TEXT", trust=gateway|none, sni=HOST, header="NAME: VALUE", hello=with-connect, alpn=PROTOCOL,…, session=NAME, stall=connect|hello|handshake|request`,
				`6:30: unknown option "key=": what may follow is token=NAME|none|"TEXT", trust=gateway|none, sni=HOST, header="NAME: VALUE", hello=with-connect, alpn=PROTOCOL,…, session=NAME, stall=connect|hello|handshake|request`,
				"7:36: trust is in quotes: write trust=none",
			},
		},
		{
			name: "send without words",
			text: "connect t1 alpha.invalid:443\n" +
				"send\n" +
				"send t1\n" +
				"send t1 GET\n",
			want: []string{
				`2:5: TUNNEL is missing: write "send TUNNEL METHOD PATH [OPTION …]"`,
				`3:8: METHOD is missing: write "send TUNNEL METHOD PATH [OPTION …]"`,
				`4:12: PATH is missing: write "send TUNNEL METHOD PATH [OPTION …]"`,
			},
		},
		{
			name: "send",
			text: "connect t1 alpha.invalid:443\n" +
				"send t1 get /\n" +
				"send t1 G-T /\n" +
				"send t1 \"\" /\n" +
				"send t1 GET v1\n" +
				"send t1 GET https://example.com/\n" +
				"send t1 GET \"https://example.com/\"\n",
			want: []string{
				`2:9: method "get": want capital letters, such as GET`,
				`3:9: method "G-T": want capital letters, such as POST`,
				`4:9: method "": want capital letters, such as GET`,
				`5:13: path "v1": want one that begins with / or an absolute url, or quote it if it is meant so`,
				`6:13: host "example.com" does not end in .invalid: write "example.invalid"`,
				`7:13: host "example.com" could be a real one, in quotes too: write "example.invalid"`,
			},
		},
		{
			name: "bodies",
			text: "connect t1 alpha.invalid:443\n" +
				"send t1 POST / body=text\n" +
				"send t1 POST / body=64\n" +
				"send t1 POST / body=64kb\n" +
				"send t1 POST / body=1.5KiB\n" +
				"send t1 POST / body=2GiB\n" +
				"send t1 POST / body=9999999999GiB\n" +
				"send t1 POST / body=\n" +
				"send t1 POST / body=@a+b\n",
			want: []string{
				`2:21: body "text": want text in quotes, @ and the name of a file at the end, or a size such as 64KiB`,
				`3:21: size "64" has no unit: write 64B or 64KiB`,
				`4:21: size "64kb": want the unit B, KiB, MiB or GiB`,
				`5:21: size "1.5KiB": want a whole number with a unit, such as 64KiB`,
				`6:21: size "2GiB": want at most 1GiB`,
				`7:21: size "9999999999GiB" is more than 63 bits count`,
				`8:21: body "": want text in quotes, @ and the name of a file at the end, or a size such as 64KiB`,
				`9:21: file name "a+b": want letters, digits, ".", "_", "-" and "/"`,
			},
		},
		{
			name: "headers",
			text: "connect t1 alpha.invalid:443\n" +
				"send t1 GET / header=x\n" +
				"send t1 GET / header=\"a b: c\"\n" +
				"send t1 GET / header=\"a: b\\nc: d\"\n" +
				"send t1 GET / host=example.com\n" +
				"send t1 GET / key=K0\n" +
				"send t1 GET / key=any\n" +
				"send t1 GET / token=t0\n",
			want: []string{
				`2:22: header "x": want "Name: value"`,
				`3:22: header "a b: c": want "Name: value"`,
				`4:22: header "a: b\nc: d" has a control character: want a value of one line`,
				`5:20: host "example.com" does not end in .invalid: write "example.invalid"`,
				`6:19: key "K0": want a name of a-z, 0-9 and -, which begins with a letter`,
				`7:19: key "any" means something else: choose another name`,
				`8:15: unknown option "token=": what may follow is key=ALIAS|token|none|"TEXT", body="TEXT"|@FILE|SIZE, host=HOST, header="NAME: VALUE", http=1.0, framing=chunked, trailer="NAME: VALUE", expect=continue, every=DURATION, stops=head|body, header-size=SIZE`,
			},
		},
		{
			name: "request",
			text: "request\n" +
				"request GET\n" +
				"request GET /v1\n" +
				"request GET https://alpha.invalid/ as\n" +
				"request GET https://alpha.invalid/ as C2\n" +
				"request GET https://alpha.invalid/ sni=b.invalid\n" +
				"request GET \"https://example.com/\"\n" +
				"request GET \"::\"\n",
			want: []string{
				`1:8: METHOD is missing: write "request METHOD URL [as NAME] [OPTION …]"`,
				`2:12: URL is missing: write "request METHOD URL [as NAME] [OPTION …]"`,
				`3:13: url "/v1": want one such as https://alpha.invalid/v1`,
				`4:38: NAME is missing: write "request METHOD URL [as NAME] [OPTION …]"`,
				`5:39: client "C2": want a name of a-z, 0-9 and -, which begins with a letter`,
				`6:36: unknown option "sni=": what may follow is key=ALIAS|token|none|"TEXT", body="TEXT"|@FILE|SIZE, host=HOST, header="NAME: VALUE", http=1.0, framing=chunked, trailer="NAME: VALUE", expect=continue, every=DURATION, stops=head|body, header-size=SIZE, via=connect|absolute|base-url, token=NAME|none|"TEXT", trust=gateway|none`,
				`7:13: host "example.com" does not end in .invalid: write "example.invalid"`,
				`8:13: url "::": want one such as https://alpha.invalid/v1`,
			},
		},
		{
			name: "close",
			text: "close\n" +
				"connect t1 alpha.invalid:443\n" +
				"close t1 now\n",
			want: []string{
				`1:6: TUNNEL is missing: write "close TUNNEL"`,
				`3:10: unknown word "now": write "close TUNNEL"`,
			},
		},
		{
			name: "advance",
			text: "advance\n" +
				"advance 5\n" +
				"advance 1.5\n" +
				"advance soon\n" +
				"advance 0s\n" +
				"advance -5s\n" +
				"advance 5s 5s\n",
			want: []string{
				`1:8: DURATION is missing: write "advance DURATION"`,
				`2:9: duration "5" has no unit: write 5s or 5ms`,
				`3:9: duration "1.5" has no unit: write 1.5s or 1.5ms`,
				`4:9: duration "soon": want a number with a unit, such as 5s, 2999ms or 1m30s`,
				`5:9: duration "0s": want one that is longer than nothing`,
				`6:9: duration "-5s": want one that is longer than nothing`,
				`7:12: unknown word "5s": write "advance DURATION"`,
			},
		},
		{
			name: "expect",
			text: "expect\n" +
				"expect metrics\n" +
				"expect nothing\n" +
				"expect metric\n" +
				"expect metric 0x\n" +
				"expect metric x type\n" +
				"expect metric x a-b=c\n" +
				"expect metric x a=b a=c\n" +
				"expect keys\n" +
				"expect snapshot now\n",
			want: []string{
				`1:7: what to expect is missing: write "expect metric NAME [LABEL=VALUE …]", "expect keys PROVIDER", "expect snapshot" or "expect connections HOST"`,
				`2:8: cannot expect "metrics": did you mean "metric"?`,
				`3:8: cannot expect "nothing": write "expect metric NAME [LABEL=VALUE …]", "expect keys PROVIDER", "expect snapshot" or "expect connections HOST"`,
				`4:14: NAME is missing: write "expect metric NAME [LABEL=VALUE …]"`,
				`5:15: metric "0x": want a name of letters, digits, _ and :`,
				`6:17: label "type": want LABEL=VALUE`,
				`7:17: label "a-b=c": want LABEL=VALUE`,
				"8:21: label a is written twice: keep one",
				`9:12: PROVIDER is missing: write "expect keys PROVIDER"`,
				`10:17: unknown word "now": write "expect snapshot"`,
			},
		},
		{
			name: "gateway",
			text: "gateway\n" +
				"gateway bridge=recoded\n" +
				"gateway bridg=recorded\n" +
				"gateway auth=all\n" +
				"gateway ports=443,0,443\n" +
				"gateway prefix=x prefix=/y\n" +
				"gateway replay=0B\n" +
				"gateway tunnel=\"deny\"\n",
			want: []string{
				`1:8: no setting: write "gateway SETTING=VALUE …", where a setting is bridge=internal|recorded|url, tunnel=allow|deny, byok=allow|deny, auth=tokens|any|none, ports=PORT,…, policy=strict|recovering, strategy=primary|round-robin|least-limited, prefix=/PATH, replay=SIZE, base-url=on, exempt=CIDR,…, via=[USER:PASSWORD@]HOST:PORT, listener=plain|tls`,
				`2:16: bridge "recoded": did you mean "recorded"?`,
				`3:9: unknown option "bridg=": did you mean "bridge="?`,
				`4:14: auth "all": want tokens, any or none`,
				`5:19: port "0": want a number from 1 to 65535`,
				"5:21: port 443 is written twice: keep one",
				`6:16: prefix "x": want a path that begins with / and does not end with it, such as /api/v2/aibridge`,
				"6:18: prefix= is written twice: keep one",
				`7:16: size "0B": want at least 1B`,
				"8:16: tunnel is in quotes: write tunnel=deny",
			},
		},
		{
			name: "seed",
			text: "seed\n",
			want: []string{
				`1:5: NUMBER is missing: write "seed NUMBER"`,
			},
		},
		{
			name: "a bad seed",
			text: "seed -1\n",
			want: []string{
				`1:6: seed "-1": want a whole number from 0 to 18446744073709551615`,
			},
		},
		{
			name: "a seed with more",
			text: "seed 1 2\n",
			want: []string{
				`1:8: unknown word "2": write "seed NUMBER"`,
			},
		},
		{
			name: "parallel without steps",
			text: "parallel\n",
			want: []string{
				"1:9: no steps: write them below it, indented, one per line",
			},
		},
		{
			name: "parallel",
			text: "parallel now\n" +
				"  reload\n" +
				"  # prose\n" +
				"\n" +
				"  relaod\n" +
				"  provider alpha openai https://alpha.invalid\n" +
				"  send t9 GET v1\n",
			want: []string{
				`1:10: unknown word "now": write "parallel"`,
				`5:3: unknown verb "relaod": did you mean "reload"?`,
				"6:3: provider cannot run in parallel: give it a step of its own",
				"7:8: no tunnel t9 is open here: connect t9 HOST:PORT first",
				`7:15: path "v1": want one that begins with / or an absolute url, or quote it if it is meant so`,
			},
		},
	}
}
