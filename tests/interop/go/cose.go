// Proves the entry of a COSE receipt (RFC 9942) with go-cose for the signature, fxamacker/cbor for what
// is in the headers, and transparency-dev/merkle for the root.
//
//	cose VKEY FILE
//
// Prints "PROVED <sha-256 of the entry>" and exits 0, or "REFUSED: <why>" and exits 1; 2 when it could
// not be asked.
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"strings"

	"github.com/fxamacker/cbor/v2"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/veraison/go-cose"
)

// Labels of RFC 9942, and ours for the entry.
const (
	labelStructure = int64(395)
	labelProofs    = int64(396)
	labelInclusion = int64(-1)
	labelEntry     = int64(-70001)
	labelClaims    = int64(15)
	claimSubject   = int64(2)
	rfc9162Sha256  = int64(1)
)

func fail(err error) {
	fmt.Println("FAILED:", err)
	os.Exit(2)
}

func refuse(why any) {
	fmt.Println("REFUSED:", why)
	os.Exit(1)
}

type inclusion struct {
	_     struct{} `cbor:",toarray"`
	Size  uint64
	Index uint64
	Path  [][]byte
}

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: cose VKEY FILE"))
	}
	parts := strings.SplitN(os.Args[1], "+", 3)
	key, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(key) != 33 || key[0] != 1 {
		fail(fmt.Errorf("no vkey of type 1"))
	}
	file, err := os.ReadFile(os.Args[2])
	if err != nil {
		fail(err)
	}
	var message cose.Sign1Message
	if err := message.UnmarshalCBOR(file); err != nil {
		refuse(err)
	}
	if message.Payload != nil {
		refuse("the payload is attached")
	}
	if structure, ok := message.Headers.Protected[labelStructure].(int64); !ok || structure != rfc9162Sha256 {
		refuse("another structure")
	}
	entry, ok := message.Headers.Unprotected[labelEntry].([]byte)
	if !ok {
		refuse("no entry")
	}
	proofs, ok := message.Headers.Unprotected[labelProofs].(map[any]any)
	if !ok {
		refuse("no proofs")
	}
	list, ok := proofs[labelInclusion].([]any)
	if !ok || len(list) != 1 {
		refuse("not one proof of inclusion")
	}
	coded, ok := list[0].([]byte)
	if !ok {
		refuse("the proof is no byte string")
	}
	var given inclusion
	if err := cbor.Unmarshal(coded, &given); err != nil {
		refuse(err)
	}
	// RFC 9942 leaves the size unsigned; our subject binds it.
	claims, ok := message.Headers.Protected[labelClaims].(map[any]any)
	if !ok || claims[claimSubject] != fmt.Sprintf("size/%d/entry/%d", given.Size, given.Index) {
		refuse("another subject")
	}
	root, err := proof.RootFromInclusionProof(rfc6962.DefaultHasher, given.Index, given.Size,
		rfc6962.DefaultHasher.HashLeaf(entry), given.Path)
	if err != nil {
		refuse(err)
	}
	message.Payload = root
	verifier, err := cose.NewVerifier(cose.AlgorithmEdDSA, ed25519.PublicKey(key[1:]))
	if err != nil {
		fail(err)
	}
	if err := message.Verify(nil, verifier); err != nil {
		refuse(err)
	}
	fmt.Printf("PROVED %x\n", sha256.Sum256(entry))
}
