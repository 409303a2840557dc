package drill_test

func networkMistakes() []mistakeCase {
	return []mistakeCase{
		{
			name: "host",
			text: "host\n" +
				"host alpha.invalid\n" +
				"host alpha.com 11.1.2.3\n" +
				"host Alpha.invalid 11.1.2.3\n" +
				"host alpha.invalid:443 11.1.2.3\n" +
				"host alpha.invalid 11.1.2.3 11.1.2.3\n" +
				"host alpha.invalid 11.1.2\n" +
				"host alpha.invalid fe80::1%eth0\n" +
				"host alpha.invalid nowhere 11.1.2.3\n" +
				"host alpha.invalid 11.1.2.3 nowhere\n" +
				"host alpha.invalid 11.1.2.3, 11.1.2.4\n" +
				"host alpha.invalid 11.1.2.3,\n" +
				"host alpha.invalid 11.1.2.3, then\n",
			want: []string{
				`1:5: HOST is missing: write "host HOST ADDRESS … [, then ADDRESS …]"`,
				`2:19: ADDRESS is missing: write "host HOST ADDRESS … [, then ADDRESS …]"`,
				`3:6: host "alpha.com" does not end in .invalid: write "alpha.invalid"`,
				`4:6: host "Alpha.invalid": observations call it by its lower-case name, so write "alpha.invalid"`,
				`5:6: host "alpha.invalid:443" is not a host name: want one such as alpha.invalid`,
				"6:29: address 11.1.2.3 is written twice: keep one",
				`7:20: address "11.1.2": want an IP address such as 11.1.2.3, or "nowhere"`,
				`8:20: address "fe80::1%eth0": want an IP address such as 11.1.2.3, or "nowhere"`,
				`9:28: "nowhere" has no addresses: write a comma behind it, or leave it out`,
				`10:29: address "nowhere": want an IP address such as 11.1.2.3, or "nowhere"`,
				`11:30: behind a comma stands "then", such as ", then 11.1.2.4"`,
				`12:29: behind a comma stands "then": write "host HOST ADDRESS … [, then ADDRESS …]"`,
				`13:34: ADDRESS is missing: write "host HOST ADDRESS … [, then ADDRESS …]"`,
			},
		},
		{
			name: "where a client comes from",
			text: "connect t1 alpha.invalid:443\n" +
				"host t1\n" +
				"host T1 10.0.0.1\n" +
				"host t1 @\n" +
				"host t1 10.0.0.1 10.0.0.2\n" +
				"host t2 10.0.0.1\n",
			want: []string{
				`2:8: ADDRESS is missing: write "host CLIENT ADDRESS"`,
				`3:6: client "T1": want a name of a-z, 0-9 and -, which begins with a letter`,
				`4:9: address "@": want an IP address such as 11.1.2.3, or quote it if it is meant so`,
				`5:18: unknown word "10.0.0.2": write "host CLIENT ADDRESS"`,
				`6:6: nobody is called "t2" in this drill: want a client, gateway or an upstream's host`,
			},
		},
		{
			name: "net",
			text: "upstream alpha.invalid\n" +
				"net\n" +
				"net gateway>alpha.invalid\n" +
				"net gateway cut\n" +
				"net gateway>alpha.com cut\n" +
				"net >alpha.invalid cut\n" +
				"net gateway>alpha.invalid cutt\n" +
				"net gateway>alpha.invalid cut now\n" +
				"net gateway>alpha.invalid latency\n" +
				"net gateway>alpha.invalid latency 5\n" +
				"net gateway>alpha.invalid latency 5s more\n" +
				"net gateway>alhpa.invalid cut\n" +
				"net gatewya>alpha.invalid:443 cut\n",
			want: []string{
				`2:4: FROM>TO is missing: write "net FROM>TO cut|hold|release|refuse|reset|close|forget|heal"`,
				`3:26: what happens to gateway>alpha.invalid is missing: write "net FROM>TO cut|hold|release|refuse|reset|close|forget|heal" or "net FROM>TO latency DURATION"`,
				`4:5: link "gateway": want FROM>TO, where an end is a client, gateway, a host that ends in .invalid, or *`,
				`5:5: link "gateway>alpha.com": want FROM>TO, where an end is a client, gateway, a host that ends in .invalid, or *`,
				`6:5: link ">alpha.invalid": want FROM>TO, where an end is a client, gateway, a host that ends in .invalid, or *`,
				`7:27: nothing like "cutt" happens to a link: did you mean "cut"?`,
				`8:31: unknown word "now": write "net FROM>TO cut|hold|release|refuse|reset|close|forget|heal"`,
				`9:34: DURATION is missing: write "net FROM>TO latency DURATION"`,
				`10:35: duration "5" has no unit: write 5s or 5ms`,
				`11:38: unknown word "more": write "net FROM>TO latency DURATION"`,
				`12:5: nobody is called "alhpa.invalid" in this drill: did you mean "alpha.invalid"?`,
				`13:5: nobody is called "gatewya" in this drill: did you mean "gateway"?`,
			},
		},
		{
			name: "stop",
			text: "stop\n" +
				"stop within=10\n" +
				"stop now\n" +
				"gateway tunnel=deny\n",
			want: []string{
				`1:5: for how long requests may go on is missing: write "stop within=DURATION"`,
				"2:1: line 1 stops the gateway already: keep one",
				`2:13: duration "10" has no unit: write 10s or 10ms`,
				"3:1: line 2 stops the gateway already: keep one",
				`3:6: unknown word "now": what may follow is within=DURATION`,
				"4:1: the gateway has started already, for line 1: set it up above that line",
			},
		},
		{
			name: "clients with a hello of their own",
			text: "connect t1 alpha.invalid:443 hello=early\n" +
				"connect t2 alpha.invalid:443 alpn=\n" +
				"connect t3 alpha.invalid:443 alpn=h2,,x\n" +
				"connect t4 alpha.invalid:443 session=S\n" +
				"connect t5 alpha.invalid:443 stall=handshak\n" +
				"request GET https://alpha.invalid/ stall=hello\n",
			want: []string{
				`1:36: hello "early": want with-connect`,
				`2:35: protocol "": want names with commas between them, such as h2,http/1.1`,
				`3:35: protocol "": want names with commas between them, such as h2,http/1.1`,
				`4:38: session "S": want a name of a-z, 0-9 and -, which begins with a letter`,
				`5:36: stall "handshak": did you mean "handshake"?`,
				`6:36: unknown option "stall=": what may follow is key=ALIAS|token|none|"TEXT", body="TEXT"|@FILE|SIZE, host=HOST, header="NAME: VALUE", http=1.0, framing=chunked, trailer="NAME: VALUE", expect=continue, every=DURATION, stops=head|body, header-size=SIZE, via=connect|absolute|base-url, token=NAME|none|"TEXT", trust=gateway|none`,
			},
		},
		{
			name: "network settings",
			text: "gateway exempt=10.0.0.0\n" +
				"gateway exempt=10.0.0.1/8,::1/128\n" +
				"gateway exempt=10.0.0.0/8,10.0.0.0/8 via=proxy.invalid\n" +
				"gateway via=user@proxy.invalid:3128 listener=http\n",
			want: []string{
				`1:16: range "10.0.0.0": want one such as 10.1.0.0/16`,
				`2:16: range "10.0.0.1/8" begins elsewhere: write 10.0.0.0/8`,
				"3:9: exempt= is set in line 2 already: keep one",
				"3:27: range 10.0.0.0/8 is written twice: keep one",
				`3:42: target "proxy.invalid" has no port: write "proxy.invalid:443"`,
				"4:9: via= is set in line 3 already: keep one",
				`4:13: login "user": want USER:PASSWORD`,
				`4:46: listener "http": want plain or tls`,
			},
		},
		{
			name: "a proxy",
			text: "upstream proxy.invalid connect-proxy\n" +
				"upstream a.invalid:3128 connect-proxy auth=user\n" +
				"upstream b.invalid:3128 connect-proxy plain\n" +
				"upstream c.invalid:3128 connect-proxy\n" +
				"  key any: 200\n",
			want: []string{
				`1:10: a proxy listens at a port of its own: write "proxy.invalid:3128"`,
				`2:44: login "user": want USER:PASSWORD`,
				`3:39: unknown word "plain": what may follow is auth=USER:PASSWORD`,
				`5:3: upstream takes no indented lines: write a step at the margin, and "=>" before what is to be observed`,
			},
		},
		{
			name: "connections",
			text: "upstream alpha.invalid\n" +
				"expect connections\n" +
				"expect connections alpha.com\n" +
				"expect connections beta.invalid\n",
			want: []string{
				`2:19: HOST is missing: write "expect connections HOST"`,
				`3:20: host "alpha.com" does not end in .invalid: write "alpha.invalid"`,
				`4:20: nobody is called "beta.invalid" in this drill: want a client, gateway or an upstream's host`,
			},
		},
	}
}
