package drill_test

func layoutMistakes() []mistakeCase {
	return []mistakeCase{
		{
			name: "empty file",
			text: "",
			want: []string{
				`1:1: no step: write at least one, such as "reload"`,
			},
		},
		{
			name: "only prose",
			text: "# nothing\n" +
				"\n",
			want: []string{
				`1:1: no step: write at least one, such as "reload"`,
			},
		},
		{
			name: "three at once",
			text: "provider alpha openai https://alpha.invalid\n" +
				"conect t1 alpha.invalid:443\n" +
				"reload\n" +
				"advance 5\n" +
				"send t9 GET /\n",
			want: []string{
				`2:1: unknown verb "conect": did you mean "connect"?`,
				`4:9: duration "5" has no unit: write 5s or 5ms`,
				"5:6: no tunnel t9 is open here: connect t9 HOST:PORT first",
			},
		},
		{
			name: "an observation without a step",
			text: "=> alpha enabled\n" +
				"reload\n",
			want: []string{
				`1:1: "=>" without a step above it: write it below the step that it was observed of`,
			},
		},
		{
			name: "an empty observation",
			text: "reload\n" +
				"  =>\n",
			want: []string{
				`2:3: "=>" without text: write what is to be observed, or "=> nothing"`,
			},
		},
		{
			name: "nothing and something",
			text: "reload\n" +
				"  => nothing\n" +
				"  => alpha enabled\n",
			want: []string{
				`3:3: "=> nothing" and another "=>" of the same step: keep one or the other`,
			},
		},
		{
			name: "something and nothing",
			text: "reload\n" +
				"  => alpha enabled\n" +
				"  => nothing\n",
			want: []string{
				`3:3: "=> nothing" and another "=>" of the same step: keep one or the other`,
			},
		},
		{
			name: "an indented line without a step",
			text: "  key k0: 200\n" +
				"reload\n",
			want: []string{
				"1:3: an indented line without a step above it: begin steps at the margin",
			},
		},
		{
			name: "an indented step",
			text: "\treload\n",
			want: []string{
				"1:2: an indented line without a step above it: begin steps at the margin",
			},
		},
		{
			name: "a block below observations",
			text: "upstream alpha.invalid\n" +
				"  => nothing\n" +
				"  key none: 200\n",
			want: []string{
				`3:3: an indented line below "=>": move it up to its step, above what was observed`,
			},
		},
		{
			name: "a block where none belongs",
			text: "reload\n" +
				"  key none: 200\n",
			want: []string{
				`2:3: reload takes no indented lines: write a step at the margin, and "=>" before what is to be observed`,
			},
		},
		{
			name: "not UTF-8",
			text: "reload\n" +
				"# fine \xff here\n",
			want: []string{
				"2:8: byte 0xff is not UTF-8: put bytes that are not text into a file at the end, as base64",
			},
		},
		{
			name: "a control character",
			text: "reload \x01\n",
			want: []string{
				`1:8: control character U+0001: quote the text and write it as in Go, "\x01"`,
			},
		},
		{
			name: "a control character in a block",
			text: "upstream alpha.invalid\n" +
				"  key none: 200 \x7f\n",
			want: []string{
				`2:17: control character U+007F: quote the text and write it as in Go, "\x7f"`,
			},
		},
		{
			name: "a comment after a step",
			text: "reload # now\n",
			want: []string{
				"1:8: a comment after a step: give it a line of its own, above the step, or quote the word",
			},
		},
	}
}
