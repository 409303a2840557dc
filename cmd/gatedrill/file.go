package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// replaceFile gives a file a new text. The text is whole or not there: it is
// written beside the file, and a rename puts it in place. The file keeps its
// mode; a new one can be read by everybody. What is no file (a pipe, a terminal)
// cannot be renamed over and is written to.
func replaceFile(path string, text []byte) error {
	info, err := os.Stat(path)
	mode := fs.FileMode(0o644)
	if err == nil {
		if !info.Mode().IsRegular() {
			return os.WriteFile(path, text, 0)
		}
		mode = info.Mode()
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".gatedrill-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails once the rename is done
	_, err = f.Write(text)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Chmod(f.Name(), mode)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}

// canReplace reports before anything runs what would keep replaceFile from its
// work after it. "-" is stdout and needs nothing.
func canReplace(path string) error {
	if path == stdoutName {
		return nil
	}
	if info, err := os.Stat(path); err == nil {
		if info.IsDir() {
			return fmt.Errorf("%s is a folder", path)
		}
		if !info.Mode().IsRegular() {
			return nil
		}
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".gatedrill-*")
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	f.Close()
	return os.Remove(f.Name())
}

// stdoutName is the file name that means stdout.
const stdoutName = "-"
