package auth

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"

	"example.org/groundcontrol/internal/durable"
)

// keyFile is the content of credentials.json.
type keyFile struct {
	Keys []Key `json:"keys"`
}

// LoadOrCreate reads the keys at path. Where there is no such file it first writes one, mode 0600, with
// a new root key of [RootAccount]; the directory must exist. A file that other users may read, that is
// not what we write, or that breaks a rule of [NewKeys] is refused, never repaired or replaced.
//
// It does not guard against a second process creating the file at the same time: hold the lock of the
// data directory.
func LoadOrCreate(path string) (*Keys, error) {
	keys, err := load(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := create(path, newRootKey()); err != nil {
			return nil, fmt.Errorf("auth: create %s: %w", path, err)
		}
		keys, err = load(path)
	}
	if err != nil {
		return nil, fmt.Errorf("auth: keys in %s: %w", path, err)
	}
	return keys, nil
}

func load(path string) (*Keys, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file; move it away")
	}
	// Windows reports permission bits that say nothing about other users.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("other users have access to the file (mode %04o); run: chmod 600 %s", mode, path)
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	return decode(data)
}

func decode(data []byte) (*Keys, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var file keyFile
	if err := d.Decode(&file); err != nil {
		return nil, fmt.Errorf("not valid (%w); correct the file, or move it away to get a new key on the next start", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not valid (more text after the first JSON value); remove what follows")
	}
	return NewKeys(file.Keys...)
}

func create(path string, key Key) error {
	data, err := json.MarshalIndent(keyFile{Keys: []Key{key}}, "", "  ")
	if err != nil {
		return err
	}
	return durable.WriteFile(path, append(data, '\n'), 0o600)
}

func newRootKey() Key {
	secret := make([]byte, 30) // 40 characters of base64
	_, _ = rand.Read(secret)   // never fails: it ends the program instead
	return Key{
		AccessKeyID:     "AKIA" + rand.Text()[:16],
		SecretAccessKey: base64.StdEncoding.EncodeToString(secret),
		Account:         RootAccount,
		Arn:             rootArn(RootAccount),
		UserID:          RootAccount,
	}
}
