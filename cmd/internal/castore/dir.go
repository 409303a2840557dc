package castore

import (
	"fmt"
	"path/filepath"
	"strings"
)

// DefaultDir is where an authority is kept when nobody says where: in STATE_DIRECTORY, which
// systemd sets (systemd.exec(5), the first one of several), else gatedrill in
// XDG_STATE_HOME, else in ~/.local/state (XDG Base Directory Specification).
func DefaultDir(getenv func(string) string) (string, error) {
	if first, _, _ := strings.Cut(getenv("STATE_DIRECTORY"), ":"); filepath.IsAbs(first) {
		return first, nil
	}
	if state := getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, "gatedrill"), nil
	}
	if home := getenv("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "state", "gatedrill"), nil
	}
	return "", fmt.Errorf("%w: there is no HOME to keep one in; name a folder as ca.dir", ErrStore)
}
