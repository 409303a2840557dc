package sqlsource

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// vault turns lists of keys into what is stored of them. The zero vault stores plain
// JSON. It is made anew in each transaction, since the file may be another one by then.
type vault struct {
	aead cipher.AEAD // nil: plain
}

// sealProof is what a file stores sealed, so that a wrong secret is found at once, and also
// when there is no key yet.
const sealProof = "gatedrill providers"

var errKeys = errors.New("the stored keys of a provider cannot be read")

// openVault fits the configured secret to the file's salt.
func (db *DB) openVault(ctx context.Context, q querier) (vault, error) {
	var salt, proof []byte
	if err := q.QueryRowContext(ctx, "SELECT salt, proof FROM state").Scan(&salt, &proof); err != nil {
		return vault{}, err
	}
	switch {
	case salt == nil && len(db.seal) == 0:
		return vault{}, nil
	case salt == nil:
		return vault{}, fmt.Errorf("%w: the file is plain; it is sealed when it is opened the next time", ErrSealed)
	case len(db.seal) == 0:
		return vault{}, fmt.Errorf("%w: the file is sealed and no secret is configured", ErrSealed)
	}
	v, err := newVault(db.seal, salt)
	if err != nil {
		return vault{}, err
	}
	if text, err := v.aead.Open(nil, nil, proof, []byte("proof")); err != nil || string(text) != sealProof {
		return vault{}, fmt.Errorf("%w: the file is sealed with another secret", ErrSealed)
	}
	return v, nil
}

// newVault derives the key of AES-256-GCM from the secret: HKDF (RFC 5869) with SHA-256.
// The nonces are random, which is good for 2³² seals.
func newVault(secret, salt []byte) (vault, error) {
	key, err := hkdf.Key(sha256.New, secret, salt, "gatedrill provider keys", 32)
	if err != nil {
		return vault{}, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return vault{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return vault{aead}, err
}

// bound is authenticated along with the keys of a row, so that they cannot be moved to
// another row, whose upstream would get them.
func bound(id int64) []byte { return []byte("keys " + strconv.FormatInt(id, 10)) }

// store returns what is stored; nil for no keys.
func (v vault) store(id int64, keys []string) []byte {
	if keys == nil {
		return nil
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(keys) // strings marshal
	plain := bytes.TrimSpace(text.Bytes())
	if v.aead == nil {
		return plain
	}
	return v.aead.Seal(nil, nil, plain, bound(id))
}

// load is the inverse. Its error has nothing of what is stored.
func (v vault) load(id int64, stored []byte) ([]string, error) {
	if stored == nil {
		return nil, nil
	}
	if v.aead != nil {
		plain, err := v.aead.Open(nil, nil, stored, bound(id))
		if err != nil {
			return nil, errKeys
		}
		stored = plain
	}
	var keys []string
	if err := json.Unmarshal(stored, &keys); err != nil || keys == nil {
		return nil, errKeys
	}
	return keys, nil
}

// sealAll seals a plain file when there is a secret, and else checks that the file and
// the secret are of one kind.
func (db *DB) sealAll(ctx context.Context, conn *sql.Conn) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	var sealed bool
	if err := tx.QueryRowContext(ctx, "SELECT salt IS NOT NULL FROM state").Scan(&sealed); err != nil {
		return err
	}
	if sealed || len(db.seal) == 0 {
		_, err := db.openVault(ctx, tx)
		return err
	}
	rows, err := readRows(ctx, tx, vault{})
	if err != nil {
		return err
	}
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	v, err := newVault(db.seal, salt)
	if err != nil {
		return err
	}
	proof := v.aead.Seal(nil, nil, []byte(sealProof), []byte("proof"))
	if _, err := tx.ExecContext(ctx, "UPDATE state SET salt = ?, proof = ?", salt, proof); err != nil {
		return err
	}
	for _, r := range rows {
		if _, err := tx.ExecContext(ctx, "UPDATE providers SET keys = ? WHERE id = ?", v.store(r.ID, r.Keys), r.ID); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	// The plain pages are still in the log until it is written back.
	_, err = conn.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}
