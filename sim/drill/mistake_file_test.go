package drill_test

func fileMistakes() []mistakeCase {
	return []mistakeCase{
		{
			name: "an unknown file",
			text: "connect t1 alpha.invalid:443\n" +
				"send t1 POST / body=@a.json\n" +
				"send t1 POST / body=@anwser.json\n" +
				"upstream a.invalid\n" +
				"  key any: 200 body=@answer.jsn\n" +
				"-- answer.json --\n" +
				"{}\n",
			want: []string{
				`2:21: there is no file "a.json": add it at the end, below a line "-- a.json --"`,
				`3:21: there is no file "anwser.json": did you mean "answer.json"?`,
				`5:21: there is no file "answer.jsn": did you mean "answer.json"?`,
			},
		},
		{
			name: "a file that is never used",
			text: "reload\n" +
				"-- a.json --\n" +
				"{}\n" +
				"{}\n" +
				"-- b.json --\n",
			want: []string{
				`2:4: file "a.json" is never used: remove it, or refer to it as @a.json`,
				`5:4: file "b.json" is never used: remove it, or refer to it as @b.json`,
			},
		},
		{
			name: "two files of one name",
			text: "request POST https://alpha.invalid/ body=@a.json\n" +
				"-- a.json --\n" +
				"-- a.json --\n",
			want: []string{
				`3:4: file "a.json" stands here twice: rename one`,
			},
		},
		{
			name: "a file with a bad name",
			text: "reload\n" +
				"-- a b --\n",
			want: []string{
				`2:4: file name "a b": want letters, digits, ".", "_", "-" and "/", and behind it nothing but "base64"`,
			},
		},
		{
			name: "bad base64",
			text: "request POST https://alpha.invalid/ body=@a\n" +
				"-- a base64 --\n" +
				"!!!!\n",
			want: []string{
				`2:4: file "a" is not base64 (illegal base64 data at input byte 0): write it as base64 -w 76 does`,
			},
		},
	}
}
