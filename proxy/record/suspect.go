package record

// suspect reports whether a text has to be looked at with looksSecret. It says yes wherever
// one of those patterns matches, and hardly anywhere else: it is asked about every path and
// header of every request, and eight regular expressions would cost more than all the rest
// of a recording.
func suspect(text string) bool {
	for i := 0; i < len(text); i++ {
		if begins[text[i]] && beginsSecret(text, i) {
			return true
		}
	}
	return false
}

// begins are the bytes that a secret's mark begins with.
var begins = [256]bool{'s': true, 'p': true, 'r': true, 'g': true, 'x': true, 'A': true, 'e': true, 'b': true, 'B': true, ':': true, '-': true}

// beginsSecret reports whether a secret's mark begins at i.
func beginsSecret(text string, i int) bool {
	rest := text[i:]
	if len(rest) < 4 {
		return false
	}
	switch rest[0] {
	case 's', 'p', 'r': // sk-, pk_
		return rest[1] == 'k' && (rest[2] == '-' || rest[2] == '_')
	case 'g': // ghp_, github_pat_, glpat-
		return rest[1] == 'h' && rest[3] == '_' || rest[:4] == "gith" || rest[:4] == "glpa"
	case 'x':
		return rest[1] == 'o' && rest[2] == 'x' && rest[4:] != "" && rest[4] == '-'
	case 'A':
		return rest[:4] == "AKIA" || rest[:4] == "ASIA" || rest[:4] == "AIza"
	case 'e':
		return rest[1] == 'y' && rest[2] == 'J'
	case 'b', 'B': // bearer and basic, whose letters have more than two cases in Unicode
		second, third := rest[1]|0x20, rest[2]
		return second == 'e' && third|0x20 == 'a' || second == 'a' && (third|0x20 == 's' || third >= 0x80)
	case ':':
		return rest[1] == '/' && rest[2] == '/'
	default:
		return rest[:4] == "----"
	}
}
