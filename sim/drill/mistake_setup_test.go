package drill_test

func setupMistakes() []mistakeCase {
	return []mistakeCase{
		{
			name: "provider without words",
			text: "provider\n",
			want: []string{
				`1:9: NAME is missing: write "provider NAME TYPE URL [keys ALIAS …] [disabled]"`,
			},
		},
		{
			name: "provider without a type",
			text: "provider alpha\n",
			want: []string{
				`1:15: TYPE or an edit is missing: write "provider NAME TYPE URL [keys ALIAS …] [disabled]", or one of the edits rename, move, delete, enable, disable or set`,
			},
		},
		{
			name: "provider without a url",
			text: "provider alpha openai\n",
			want: []string{
				`1:22: URL is missing: write "provider NAME TYPE URL [keys ALIAS …] [disabled]"`,
			},
		},
		{
			name: "provider of a near type",
			text: "provider alpha opanai https://alpha.invalid\n",
			want: []string{
				`1:16: unknown provider type "opanai": did you mean "openai"?`,
			},
		},
		{
			name: "provider of an unknown type",
			text: "provider alpha gemini https://alpha.invalid\n",
			want: []string{
				`1:16: unknown provider type "gemini": want openai, anthropic or copilot, or quote it if it is meant so`,
			},
		},
		{
			name: "provider with a near edit",
			text: "provider alpha openai https://alpha.invalid\n" +
				"provider alpha renam beta\n" +
				"provider beta delete\n",
			want: []string{
				`2:16: unknown edit "renam": did you mean "rename"?`,
			},
		},
		{
			name: "provider with a real host",
			text: "provider alpha openai https://api.openai.com/v1\n",
			want: []string{
				`1:23: host "api.openai.com" does not end in .invalid: write "api.invalid"`,
			},
		},
		{
			name: "provider with a real host in quotes",
			text: "provider alpha openai \"https://api.openai.com/v1\"\n",
			want: []string{
				`1:23: host "api.openai.com" could be a real one, in quotes too: write "api.invalid"`,
			},
		},
		{
			name: "provider with another scheme",
			text: "provider alpha openai htps://alpha.invalid\n",
			want: []string{
				`1:23: url "htps://alpha.invalid": want one such as https://alpha.invalid/v1, or quote it if it is meant so`,
			},
		},
		{
			name: "provider with a bad port",
			text: "provider alpha openai https://alpha.invalid:0/\n",
			want: []string{
				`1:23: port "0": want a number from 1 to 65535, or quote it if it is meant so`,
			},
		},
		{
			name: "provider at an address",
			text: "provider alpha openai https://10.0.0.1/\n",
			want: []string{
				`1:23: host "10.0.0.1" is an address: want a name that ends in .invalid, or quote it if it is meant so`,
			},
		},
		{
			name: "provider with a bad name",
			text: "provider Alpha openai https://alpha.invalid\n" +
				"provider al#2 openai https://beta.invalid\n",
			want: []string{
				`1:10: provider name "Alpha": want a name of a-z, 0-9 and -, which begins with a letter, or quote it if it is meant so`,
				`2:10: provider name "al#2": want a name of a-z, 0-9 and -, which begins with a letter, or quote it if it is meant so`,
			},
		},
		{
			name: "provider with bad keys",
			text: "provider alpha openai https://alpha.invalid keys K0 none k1\n",
			want: []string{
				`1:50: key "K0": want a name of a-z, 0-9 and -, which begins with a letter`,
				`1:53: key "none" means something else: choose another name`,
			},
		},
		{
			name: "provider with words behind disabled",
			text: "provider alpha openai https://alpha.invalid disabled keys k0\n",
			want: []string{
				`1:54: unknown word "keys": write "provider NAME TYPE URL [keys ALIAS …] [disabled]"`,
				`1:59: unknown word "k0": write "provider NAME TYPE URL [keys ALIAS …] [disabled]"`,
			},
		},
		{
			name: "provider with a near word",
			text: "provider alpha openai https://alpha.invalid disable\n",
			want: []string{
				`1:45: unknown word "disable": did you mean "disabled"?`,
			},
		},
		{
			name: "edits that lack a word",
			text: "provider alpha openai https://alpha.invalid\n" +
				"provider alpha rename\n" +
				"provider alpha move\n" +
				"provider alpha set\n" +
				"provider alpha set type\n",
			want: []string{
				`2:22: NEW is missing: write "provider NAME rename NEW"`,
				`3:20: URL is missing: write "provider NAME move URL"`,
				`4:19: what to set is missing: write "provider NAME set keys [ALIAS …]" or "provider NAME set type TYPE"`,
				`5:24: TYPE is missing: write "provider NAME set type TYPE"`,
			},
		},
		{
			name: "edits with bad words",
			text: "provider alpha openai https://alpha.invalid\n" +
				"provider alpha rename Beta\n" +
				"provider alpha set keyz k0\n" +
				"provider alpha set type opnai\n" +
				"provider alpha set url x\n" +
				"provider alpha delete now\n" +
				"provider alpha set keys disabled\n",
			want: []string{
				`2:23: provider name "Beta": want a name of a-z, 0-9 and -, which begins with a letter, or quote it if it is meant so`,
				`3:20: cannot set "keyz": did you mean "keys"?`,
				`4:25: unknown provider type "opnai": did you mean "openai"?`,
				`5:20: cannot set "url": write "provider NAME set keys [ALIAS …]" or "provider NAME set type TYPE"`,
				`6:23: unknown word "now": write "provider NAME delete"`,
				`7:25: key "disabled" means something else: choose another name`,
			},
		},
		{
			name: "a name with a number sign",
			text: "provider \"a#2\" openai https://alpha.invalid\n",
			want: []string{
				`1:10: provider name "a#2": # counts rows of one name, so no name has it`,
			},
		},
		{
			name: "gateway values",
			text: "gateway policy=lenient\n" +
				"gateway replay=32\n" +
				"gateway replay=1TiB\n",
			want: []string{
				`1:16: policy "lenient": want strict or recovering`,
				`2:16: size "32" has no unit: write 32B or 32KiB`,
				`3:16: size "1TiB": want the unit B, KiB, MiB or GiB`,
			},
		},
		{
			name: "a bad row number",
			text: "provider alpha openai https://alpha.invalid\n" +
				"provider alpha#0 delete\n" +
				"provider alpha#x delete\n" +
				"provider alpha#2 delete\n" +
				"provider Alpha#1 delete\n",
			want: []string{
				`2:10: provider "alpha#0": behind # stands which row of that name, from 1, such as "alpha#2"`,
				`3:10: provider "alpha#x": behind # stands which row of that name, from 1, such as "alpha#2"`,
				`5:10: provider name "Alpha": want a name of a-z, 0-9 and -, which begins with a letter, or quote it if it is meant so`,
			},
		},
		{
			name: "source",
			text: "source\n" +
				"source fails\n" +
				"source fails \"\"\n" +
				"source fails data base\n" +
				"source heal\n" +
				"source drifts\n" +
				"source heals now\n" +
				"source stalls now\n" +
				"source slow\n" +
				"source slow 5\n",
			want: []string{
				`1:7: what the source does is missing: write "source fails TEXT", "source stalls", "source slow DURATION" or "source heals"`,
				"2:13: TEXT is missing: write `source fails \"database is down\"`",
				`3:14: the error has no text: write one such as "database is down"`,
				"4:19: unknown word \"base\": write `source fails \"all of the text in quotes\"`",
				`5:8: unknown word "heal": did you mean "heals"?`,
				`6:8: unknown word "drifts": write "source fails TEXT", "source stalls", "source slow DURATION" or "source heals"`,
				`7:14: unknown word "now": write "source heals"`,
				`8:15: unknown word "now": write "source stalls"`,
				`9:12: DURATION is missing: write "source slow DURATION"`,
				`10:13: duration "5" has no unit: write 5s or 5ms`,
			},
		},
		{
			name: "reload",
			text: "reload all\n",
			want: []string{
				`1:8: unknown word "all": write "reload"`,
			},
		},
		{
			name: "upstream",
			text: "upstream\n" +
				"upstream ALPHA.invalid\n" +
				"upstream alpha\n" +
				"upstream alpha.invalid:99999\n" +
				"upstream alpha.invalid opnai\n" +
				"upstream alpha.invalid plain openai\n" +
				"upstream 10.0.0.1\n",
			want: []string{
				`1:9: HOST is missing: write "upstream HOST[:PORT] [openai|anthropic] [plain]"`,
				`2:10: host "ALPHA.invalid": observations call it by its lower-case name, so write "alpha.invalid"`,
				`3:10: host "alpha" does not end in .invalid: write "alpha.invalid"`,
				`4:10: port "99999": want a number from 1 to 65535`,
				`5:24: unknown word "opnai": did you mean "openai"?`,
				`6:30: unknown word "openai": write "upstream HOST[:PORT] [openai|anthropic] [plain]"`,
				`7:10: host "10.0.0.1" is an address: want a name that ends in .invalid`,
			},
		},
		{
			name: "rules",
			text: "provider a openai https://a.invalid keys k0\n" +
				"upstream a.invalid\n" +
				"  # prose\n" +
				"\tkey k0: 20O\n" +
				"  key k0: 429 retyr-after=5, then\n",
			want: []string{
				`4:10: unknown answer "20O": want a status such as 200 or 429`,
				`5:15: unknown option "retyr-after": did you mean retry-after?`,
				`5:34: no answer after "then": want a status, such as 200 or 429`,
			},
		},
		{
			name: "a rule after the one that answers all",
			text: "provider a openai https://a.invalid keys k0 k1\n" +
				"upstream a.invalid\n" +
				"  key k0: 200\n" +
				"  key k0: 401\n" +
				"  key any: 200\n" +
				"  key k1: 200\n",
			want: []string{
				`4:7: no request comes to this rule, since "key k0" in line 3 answers it: write one rule, with ", then", or put this one first`,
				`6:7: no request comes to this rule, since "key any" in line 5 answers it: write one rule, with ", then", or put this one first`,
			},
		},
	}
}
