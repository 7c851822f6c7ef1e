// Proves a receipt's entry with torchwood, which knows .tlog-proof files.
//
//	torchwood VKEY FILE
//
// Prints "PROVED" and exits 0, or "REFUSED: <why>" and exits 1; 2 when it could not be asked.
package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func fail(err error) {
	fmt.Println("FAILED:", err)
	os.Exit(2)
}

func refuse(why any) {
	fmt.Println("REFUSED:", why)
	os.Exit(1)
}

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: torchwood VKEY FILE"))
	}
	verifier, err := note.NewVerifier(os.Args[1])
	if err != nil {
		fail(err)
	}
	proof, err := os.ReadFile(os.Args[2])
	if err != nil {
		fail(err)
	}
	// The entry is what the extra line holds; torchwood is asked whether the log holds it.
	lines := bytes.SplitN(proof, []byte("\n"), 3)
	if len(lines) < 3 || !bytes.HasPrefix(lines[1], []byte("extra ")) {
		refuse("there is no extra line")
	}
	entry, err := base64.StdEncoding.DecodeString(string(lines[1][len("extra "):]))
	if err != nil {
		refuse(err)
	}
	// The log's signature, and the log's name as the origin.
	policy := torchwood.ThresholdPolicy(2, torchwood.OriginPolicy(verifier.Name()), torchwood.SingleVerifierPolicy(verifier))
	if err := torchwood.VerifyProof(policy, tlog.RecordHash(entry), proof); err != nil {
		refuse(err)
	}
	fmt.Println("PROVED")
}
