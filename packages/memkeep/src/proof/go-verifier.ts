/** A program for `golang.org/x/mod/sumdb`, which is not ours: part of every bundle's README. A test runs it where Go is. */
export const goVerifier = `package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func read(parts ...string) []byte {
	return must(os.ReadFile(filepath.Join(append([]string{os.Args[1]}, parts...)...)))
}

// open checks the signature of a checkpoint.
func open(source []byte) (size int64, root tlog.Hash) {
	key := must(note.NewVerifier(strings.TrimSpace(string(read("log.vkey")))))
	lines := strings.Split(must(note.Open(source, note.VerifierList(key))).Text, "\\n")
	return must(strconv.ParseInt(lines[1], 10, 64)), must(tlog.ParseHash(lines[2]))
}

// split parts a proof file into its fields, its hashes and its checkpoint.
func split(source []byte) (fields map[string]string, hashes []tlog.Hash, checkpoint []byte) {
	head, checkpoint, _ := bytes.Cut(source, []byte("\\n\\n"))
	fields = map[string]string{}
	for _, line := range strings.Split(string(head), "\\n") {
		if name, value, ok := strings.Cut(line, " "); ok {
			fields[name] = value
		} else if !strings.HasPrefix(line, "c2sp.org/") {
			hashes = append(hashes, must(tlog.ParseHash(line)))
		}
	}
	return fields, hashes, checkpoint
}

// tiles reads the files of the tree, and of its entries (level -1), by the names of c2sp.org/tlog-tiles.
type tiles struct{}

func (tiles) Height() int                     { return 8 }
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (tiles) ReadTiles(wanted []tlog.Tile) (found [][]byte, err error) {
	for _, tile := range wanted {
		path := strings.TrimPrefix(tile.Path(), "tile/8/")
		found = append(found, read("tile", strings.Replace(path, "data/", "entries/", 1)))
	}
	return found, nil
}

// leaf is what is read of an entry.
type leaf struct{ Op, Outcome, Resource string }

// pruning is what an entry says of entries before "to" that are gone: the digest of the indices that were kept.
type pruning struct {
	to     int64
	digest string
}

func prunings(entry []byte) (found []pruning) {
	var said leaf
	var one pruning
	if json.Unmarshal(entry, &said) != nil || said.Op != "audit.prune" || said.Outcome != "ok" {
		return nil
	}
	if n, _ := fmt.Sscanf(said.Resource, "min-index:%d-%s", &one.to, &one.digest); n == 2 {
		found = append(found, one)
	}
	return found
}

func main() {
	size, root := open(read("checkpoint"))
	fmt.Println("the checkpoint is signed, of size", size)
	var manifest struct{ MinIndex int64 }
	if err := json.Unmarshal(read("bundle.json"), &manifest); err != nil {
		log.Fatal(err)
	}

	var said []pruning
	tree := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, tiles{})
	for from := manifest.MinIndex; from < size; from += 256 {
		tile := tlog.Tile{H: 8, L: -1, N: from / 256, W: 256}
		if size-from < 256 {
			tile.W = int(size - from)
		}
		rest := must(tiles{}.ReadTiles([]tlog.Tile{tile}))[0]
		indexes := []int64{}
		for n := from; n < from+int64(tile.W); n++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, n))
		}
		for i, hash := range must(tree.ReadHashes(indexes)) {
			end := 2 + int(binary.BigEndian.Uint16(rest))
			if tlog.RecordHash(rest[2:end]) != hash {
				log.Fatal("the entries are not those of the checkpoint: ", from+int64(i))
			}
			said = append(said, prunings(rest[2:end])...)
			rest = rest[end:]
		}
	}
	fmt.Println("the entries are those of the checkpoint, from", manifest.MinIndex)

	for _, path := range must(filepath.Glob(filepath.Join(os.Args[1], "consistency", "*"))) {
		fields, hashes, checkpoint := split(must(os.ReadFile(path)))
		oldSize, oldRoot := open(read("checkpoints", fields["old"]))
		newSize, newRoot := open(checkpoint)
		if err := tlog.CheckTree(hashes, newSize, newRoot, oldSize, oldRoot); err != nil {
			log.Fatal(path, ": ", err)
		}
		fmt.Println("consistent:", oldSize, newSize)
	}
	var kept []int64
	for _, path := range must(filepath.Glob(filepath.Join(os.Args[1], "proofs", "*"))) {
		fields, hashes, checkpoint := split(must(os.ReadFile(path)))
		proofSize, proofRoot := open(checkpoint)
		entry := must(base64.StdEncoding.DecodeString(fields["extra"]))
		index := must(strconv.ParseInt(fields["index"], 10, 64))
		if err := tlog.CheckRecord(hashes, proofSize, proofRoot, index, tlog.RecordHash(entry)); err != nil {
			log.Fatal(path, ": ", err)
		}
		fmt.Println("in the log:", index, string(entry))
		if index < manifest.MinIndex {
			kept = append(kept, index)
			said = append(said, prunings(entry)...)
		}
	}
	if manifest.MinIndex == 0 {
		return
	}

	// Each pruning goes on where the one before ended.
	sort.Slice(kept, func(i, j int) bool { return kept[i] < kept[j] })
	sort.Slice(said, func(i, j int) bool { return said[i].to < said[j].to })
	origin, _, _ := strings.Cut(string(read("checkpoint")), "\\n")
	shown := int64(0)
	for _, one := range said {
		text := fmt.Sprintf("memkeep/kept@v1\\n%s\\n%d %d\\n", origin, shown, one.to)
		for _, index := range kept {
			if index >= shown && index < one.to {
				text += fmt.Sprintln(index)
			}
		}
		if shown < manifest.MinIndex && fmt.Sprintf("%x", sha256.Sum256([]byte(text))) == one.digest {
			shown = one.to
		}
	}
	if shown != manifest.MinIndex {
		log.Fatal("other entries were kept than the log says")
	}
	fmt.Println("pruned, and all that was kept is here:", len(kept), "entries before", manifest.MinIndex)
}
`
