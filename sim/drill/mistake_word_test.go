package drill_test

func wordMistakes() []mistakeCase {
	return []mistakeCase{
		{
			name: "an unfinished quote",
			text: "source fails \"database\n",
			want: []string{
				`1:14: quoted text that does not end, or is not quoted as in Go: "database`,
			},
		},
		{
			name: "a bad escape",
			text: "source fails \"\\q\"\n",
			want: []string{
				`1:14: quoted text that does not end, or is not quoted as in Go: "\q"`,
			},
		},
		{
			name: "no space after a quote",
			text: "source fails \"a\"b\n",
			want: []string{
				`1:17: a space is missing after "a"`,
			},
		},
		{
			name: "no space after a quote, and a word too many",
			text: "source fails \"a\"b c\n",
			want: []string{
				`1:17: a space is missing after "a"`,
				"1:19: unknown word \"c\": write `source fails \"all of the text in quotes\"`",
			},
		},
		{
			name: "a quote inside a word",
			text: "source fails a\"b\n",
			want: []string{
				"1:15: \"a\\\"b\" has a character that needs quotes: write `a\"b`",
			},
		},
		{
			name: "a quote inside a value",
			text: "connect t1 alpha.invalid:443 token=a\"b\n",
			want: []string{
				"1:37: \"a\\\"b\" has a character that needs quotes: write token=`a\"b`",
			},
		},
		{
			name: "an invisible character",
			text: "source fails a\u200bb\n",
			want: []string{
				`1:15: "a\u200bb" has a character that needs quotes: write "a\u200bb"`,
			},
		},
		{
			name: "columns count runes",
			text: "source fails \"é⇒例\" wörd\n",
			want: []string{
				"1:20: unknown word \"wörd\": write `source fails \"all of the text in quotes\"`",
			},
		},
		{
			name: "columns count tabs as one",
			text: "reload\t\tnow\n",
			want: []string{
				`1:9: unknown word "now": write "reload"`,
			},
		},
		{
			name: "a quoted verb",
			text: "\"reload\"\n",
			want: []string{
				`1:1: unknown verb "\"reload\"": did you mean "reload"?`,
			},
		},
		{
			name: "an unknown verb",
			text: "frobnicate t1\n",
			want: []string{
				`1:1: unknown verb "frobnicate": want provider, source, upstream, host, gateway, reload, connect, send, request, close, advance, parallel, start, await, cancel, release, heal, expect, net, stop, quiet or seed`,
			},
		},
		{
			name: "a long verb",
			text: "reloadreloadreloadreloadreloadreloadreloadreloadreloadreloadreloadreload\n",
			want: []string{
				`1:1: unknown verb "reloadreloadreloadreloadreloadreloadreloadreloadreloadreloadreloadreload": want provider, source, upstream, host, gateway, reload, connect, send, request, close, advance, parallel, start, await, cancel, release, heal, expect, net, stop, quiet or seed`,
			},
		},
		{
			name: "a near verb",
			text: "relaod\n",
			want: []string{
				`1:1: unknown verb "relaod": did you mean "reload"?`,
			},
		},
	}
}
