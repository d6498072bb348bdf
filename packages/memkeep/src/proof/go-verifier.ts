/** A program for `golang.org/x/mod/sumdb`, which is not ours: part of every bundle's README. A test runs it where Go is. */
export const goVerifier = `package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
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

// bundle names the file with entry n of a log of this size.
func bundle(n, size int64) string {
	index := fmt.Sprintf("%03d", n/256%1000)
	for high := n / 256000; high > 0; high /= 1000 {
		index = fmt.Sprintf("x%03d/", high%1000) + index
	}
	if width := size - n/256*256; width < 256 {
		index += fmt.Sprintf(".p/%d", width)
	}
	return "tile/entries/" + index
}

func main() {
	size, root := open(read("checkpoint"))
	fmt.Println("the checkpoint is signed, of size", size)

	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) (found []tlog.Hash, err error) {
		for _, i := range indexes {
			found = append(found, stored[i])
		}
		return found, nil
	})
	var rest []byte
	whole := true
	for n := int64(0); n < size && whole; n++ {
		if n%256 == 0 {
			if _, err := os.Stat(filepath.Join(os.Args[1], bundle(n, size))); err != nil {
				whole = false
				break
			}
			rest = read(bundle(n, size))
		}
		end := 2 + int(binary.BigEndian.Uint16(rest))
		stored = append(stored, must(tlog.StoredHashes(n, rest[2:end], reader))...)
		rest = rest[end:]
	}
	if !whole {
		fmt.Println("entries were pruned: only proofs are checked")
	} else if must(tlog.TreeHash(size, reader)) != root {
		log.Fatal("the entries are not those of the checkpoint")
	} else {
		fmt.Println("the entries are those of the checkpoint")
	}

	for _, path := range must(filepath.Glob(filepath.Join(os.Args[1], "consistency", "*"))) {
		fields, hashes, checkpoint := split(must(os.ReadFile(path)))
		oldSize, oldRoot := open(read("checkpoints", fields["old"]))
		newSize, newRoot := open(checkpoint)
		if err := tlog.CheckTree(hashes, newSize, newRoot, oldSize, oldRoot); err != nil {
			log.Fatal(path, ": ", err)
		}
		fmt.Println("consistent:", oldSize, newSize)
	}
	for _, path := range must(filepath.Glob(filepath.Join(os.Args[1], "proofs", "*"))) {
		fields, hashes, checkpoint := split(must(os.ReadFile(path)))
		proofSize, proofRoot := open(checkpoint)
		entry := must(base64.StdEncoding.DecodeString(fields["extra"]))
		index := must(strconv.ParseInt(fields["index"], 10, 64))
		if err := tlog.CheckRecord(hashes, proofSize, proofRoot, index, tlog.RecordHash(entry)); err != nil {
			log.Fatal(path, ": ", err)
		}
		fmt.Println("in the log:", index, string(entry))
	}
}
`
