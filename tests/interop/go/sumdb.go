// Verifies a ledger with golang.org/x/mod/sumdb: its checkpoint's signature with note, tiles,
// inclusion and consistency with tlog.
//
//	sumdb -ledger URL|DIR -key VKEY [-token TOKEN] [-old FILE,..] [-entries N,..]
//
// Each entry named is read from its bundle and proved in the tree of the checkpoint, each old
// checkpoint is proved to be a prefix of it. Exits 0 when all is proved, 1 when something is not,
// 2 when it could not tell. Prints what it did.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

type store struct{ place, token string }

func (s store) read(path string) ([]byte, error) {
	if !strings.Contains(s.place, "://") {
		return os.ReadFile(filepath.Join(s.place, path))
	}
	request, err := http.NewRequest("GET", s.place+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	if s.token != "" {
		request.Header.Set("Authorization", "Bearer "+s.token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

// tlog's paths are those of the checksum database: the tile's height stands in them.
func pathOf(tile tlog.Tile) string {
	path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
	return strings.Replace(path, "tile/data/", "tile/entries/", 1)
}

type tiles struct{ store }

func (t tiles) Height() int { return tileHeight }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(wanted))
	for i, tile := range wanted {
		bytes, err := t.read(pathOf(tile))
		if err != nil {
			return nil, err
		}
		data[i] = bytes
	}
	return data, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// The tree of a checkpoint that the key signed.
func openCheckpoint(bytes []byte, key note.Verifier) (tree tlog.Tree, err error) {
	opened, err := note.Open(bytes, note.VerifierList(key))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != key.Name() {
		return tree, errors.New("this is no checkpoint of " + key.Name())
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tree, errors.New("the checkpoint has a malformed root")
	}
	copy(tree.Hash[:], root)
	return tree, nil
}

func (s store) entry(index int64, size int64) ([]byte, error) {
	tile := tlog.Tile{H: tileHeight, L: -1, N: index >> tileHeight, W: 1 << tileHeight}
	if left := size - tile.N<<tileHeight; left < int64(tile.W) {
		tile.W = int(left)
	}
	bundle, err := s.read(pathOf(tile))
	if err != nil {
		return nil, err
	}
	for i := index & (1<<tileHeight - 1); ; i-- {
		if len(bundle) < 2 {
			return nil, errors.New("a bundle is too short")
		}
		length := int(binary.BigEndian.Uint16(bundle))
		if len(bundle) < 2+length {
			return nil, errors.New("a bundle is too short")
		}
		if i == 0 {
			return bundle[2 : 2+length], nil
		}
		bundle = bundle[2+length:]
	}
}

func proveEntry(s store, tree tlog.Tree, hashes tlog.HashReader, index int64) error {
	entry, err := s.entry(index, tree.N)
	if err != nil {
		return err
	}
	proof, err := tlog.ProveRecord(tree.N, index, hashes)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

func proveOld(old, tree tlog.Tree, hashes tlog.HashReader) error {
	if old.N == 0 {
		if root, err := tlog.TreeHash(0, hashes); err != nil || root != old.Hash {
			return errors.New("the empty tree has another root")
		}
		return nil
	}
	proof, err := tlog.ProveTree(tree.N, old.N, hashes)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
}

func refuse(what string, err error) {
	if err != nil {
		fmt.Printf("REFUSED %s: %v\n", what, err)
		os.Exit(1)
	}
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
}

func main() {
	ledger := flag.String("ledger", "", "URL or directory")
	vkey := flag.String("key", "", "the log's vkey")
	token := flag.String("token", "", "bearer token for the entries")
	olds := flag.String("old", "", "files of earlier checkpoints")
	entries := flag.String("entries", "", "numbers of entries")
	flag.Parse()
	key, err := note.NewVerifier(*vkey)
	if err != nil || *ledger == "" {
		fmt.Fprintln(os.Stderr, "usage: sumdb -ledger URL|DIR -key VKEY ..:", err)
		os.Exit(2)
	}
	s := store{*ledger, *token}
	bytes, err := s.read("checkpoint")
	refuse("the checkpoint", err)
	tree, err := openCheckpoint(bytes, key)
	refuse("the checkpoint", err)
	hashes := tlog.TileHashReader(tree, tiles{s})
	root, err := tlog.TreeHash(tree.N, hashes)
	refuse("the tiles", err)
	if root != tree.Hash {
		refuse("the tiles", errors.New("they give another root"))
	}
	for _, text := range list(*entries) {
		index, err := strconv.ParseInt(text, 10, 64)
		refuse("entry "+text, err)
		refuse("entry "+text, proveEntry(s, tree, hashes, index))
	}
	for _, file := range list(*olds) {
		bytes, err := os.ReadFile(file)
		refuse(file, err)
		old, err := openCheckpoint(bytes, key)
		refuse(file, err)
		refuse(file, proveOld(old, tree, hashes))
	}
	fmt.Printf("PROVED size %d, %d entries, %d older checkpoints\n", tree.N, len(list(*entries)),
		len(list(*olds)))
}
