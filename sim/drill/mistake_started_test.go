package drill_test

func startedMistakes() []mistakeCase {
	return []mistakeCase{
		{
			name: "start without words",
			text: "start\n" +
				"start s1\n" +
				"start S1 reload\n" +
				"await s2\n",
			want: []string{
				`1:6: NAME is missing: write "start NAME STEP …"`,
				`2:9: STEP is missing: write "start s1" and one of connect, send, request or reload behind it`,
				`3:7: step "S1": want a name of a-z, 0-9 and -, which begins with a letter`,
				`3:7: nobody waits for S1: write "await S1" or "cancel S1" below`,
				`4:7: nothing called s2 goes on here: begin it with "start s2 STEP"`,
			},
		},
		{
			name: "what cannot be started",
			text: "start s1 advance 5s\n" +
				"start s2 parallel\n" +
				"start s3 relaod\n" +
				"start s4 start s5 reload\n" +
				"await s1\n",
			want: []string{
				"1:10: advance cannot be started: want connect, send, request or reload",
				"2:10: parallel cannot be started: want connect, send, request or reload",
				`3:10: unknown verb "relaod": did you mean "reload"?`,
				"4:10: start cannot be started: want connect, send, request or reload",
			},
		},
		{
			name: "a started step has the mistakes of any other",
			text: "start s1 send t1 GET /\n" +
				"start s2 request get https://alpha.invalid/ as c1\n" +
				"await s1\n" +
				"await s2 now\n",
			want: []string{
				"1:15: no tunnel t1 is open here: connect t1 HOST:PORT first",
				`2:18: method "get": want capital letters, such as GET`,
				`4:10: unknown word "now": write "await NAME"`,
			},
		},
		{
			name: "nobody waits",
			text: "connect t1 alpha.invalid:443\n" +
				"start s1 send t1 GET /\n" +
				"  => t1 got 200\n" +
				"start s2 reload\n" +
				"cancel s2\n",
			want: []string{
				`2:7: nobody waits for s1: write "await s1" or "cancel s1" below`,
			},
		},
		{
			name: "somebody is busy",
			text: "connect t1 alpha.invalid:443\n" +
				"start s1 send t1 GET /\n" +
				"send t1 GET /\n" +
				"parallel\n" +
				"  send t1 GET /\n" +
				"start s1 reload\n" +
				"start s2 connect t2 alpha.invalid:443\n" +
				"send t2 GET /\n" +
				"close t2\n" +
				"start s3 request GET https://alpha.invalid/\n" +
				"request GET https://alpha.invalid/\n" +
				"await s1\n" +
				"await s2\n" +
				"await s3\n",
			want: []string{
				"3:6: t1 is busy with s1 since line 2: await or cancel s1 first, or let somebody else do it",
				"5:8: t1 is busy with s1 since line 2: await or cancel s1 first, or let somebody else do it",
				"6:7: s1 is what goes on since line 2 already: await it first, or choose another name",
				"8:6: t2 is busy with s2 since line 7: await or cancel s2 first, or let somebody else do it",
				"9:7: t2 is busy with s2 since line 7: await or cancel s2 first, or let somebody else do it",
				"11:1: client is busy with s3 since line 10: await or cancel s3 first, or let somebody else do it",
			},
		},
		{
			name: "a tunnel whose client has left",
			text: "connect t1 alpha.invalid:443\n" +
				"start s1 send t1 GET /\n" +
				"cancel s1\n" +
				"send t1 GET /\n" +
				"await s1\n" +
				"release alpha.invalid\n" +
				"release alpha now\n",
			want: []string{
				"4:6: no tunnel t1 is open here: connect t1 HOST:PORT first",
				`5:7: nothing called s1 goes on here: begin it with "start s1 STEP"`,
				`6:9: no upstream alpha.invalid is declared above: write "upstream alpha.invalid" with its rules first`,
				`7:9: host "alpha" does not end in .invalid: write "alpha.invalid"`,
				`7:9: no upstream alpha is declared above: write "upstream alpha" with its rules first`,
				`7:15: unknown word "now": write "release HOST[:PORT]"`,
			},
		},
		{
			name: "how a request goes on the wire",
			text: "connect t1 alpha.invalid:443\n" +
				"send t1 POST / http=2 framing=length expect=nothing\n" +
				"send t1 POST / every=1 stops=tail trailer=x\n" +
				"send t1 POST / header-size=1GiB\n" +
				"send t1 POST / header-size=2\n",
			want: []string{
				`2:21: http "2": want 1.0`,
				`2:31: framing "length": want chunked`,
				`2:45: expect "nothing": want continue`,
				`3:22: duration "1" has no unit: write 1s or 1ms`,
				`3:30: stops "tail": want head or body`,
				`3:43: header "x": want "Name: value"`,
				`4:28: size "1GiB": want from 1B to 64MiB`,
				`5:28: size "2" has no unit: write 2B or 2KiB`,
			},
		},
		{
			name: "how a request reaches the gateway",
			text: "request GET https://alpha.invalid/ via=absolute\n" +
				"request GET http://alpha.invalid/ via=absolute trust=none\n" +
				"request GET http://gateway.invalid/ via=base-url\n" +
				"request GET http://alpha.invalid/ via=tunnel\n" +
				"connect t1 alpha.invalid:443\n" +
				"send t1 GET / via=absolute\n",
			want: []string{
				"1:13: via=absolute speaks plain HTTP: want an http:// url",
				"2:35: via=absolute shows no certificate: leave trust= out",
				`3:37: the gateway serves no base URL: write "gateway base-url=on" first`,
				`4:39: via "tunnel": want connect, absolute or base-url`,
				`6:15: unknown option "via=": what may follow is key=ALIAS|token|none|"TEXT", body="TEXT"|@FILE|SIZE, host=HOST, header="NAME: VALUE", http=1.0, framing=chunked, trailer="NAME: VALUE", expect=continue, every=DURATION, stops=head|body, header-size=SIZE`,
			},
		},
	}
}

func healMistakes() []mistakeCase {
	return []mistakeCase{
		{
			name: "heal without words",
			text: "heal\n" +
				"provider alpha openai https://alpha.invalid keys k0 k1\n" +
				"heal alpha\n" +
				"heal alpha k0 now\n" +
				"quiet please\n",
			want: []string{
				`1:5: PROVIDER is missing: write "heal PROVIDER KEY"`,
				`3:11: KEY is missing: write "heal PROVIDER KEY"`,
				`4:15: unknown word "now": write "heal PROVIDER KEY"`,
				`5:7: unknown word "please": write "quiet"`,
			},
		},
		{
			name: "heal what is not there",
			text: "provider alpha openai https://alpha.invalid keys k0 k1\n" +
				"heal alpah k0\n" +
				"heal alpha k2\n" +
				"provider alpha set keys k1\n" +
				"heal alpha k0\n",
			want: []string{
				`2:6: unknown provider "alpah": did you mean "alpha"?`,
				`3:12: provider alpha has no key "k2" here: heal one that stands in its row`,
				`5:12: provider alpha has no key "k0" here: heal one that stands in its row`,
			},
		},
	}
}
