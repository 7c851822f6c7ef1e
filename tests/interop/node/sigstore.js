// Verifies receipts (.tlog-proof) with @sigstore/verify: the checkpoint's signature and the entry's
// inclusion.
//
//   node sigstore.js NODE_MODULES VKEY RECEIPT ..
//
// The package's entrance takes Sigstore bundles alone, whose entries are Sigstore's own kinds. What
// it runs on each of them is loaded here by its file: verifyCheckpoint and verifyMerkleInclusion.
// Exits 0 when all are proved, 1 when one is not, 2 when it could not tell.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');

const [modules, vkey, ...receipts] = process.argv.slice(2);
if (receipts.length === 0) {
  console.error('usage: node sigstore.js NODE_MODULES VKEY RECEIPT ..');
  process.exit(2);
}
const tlog = path.join(modules, '@sigstore', 'verify', 'dist', 'tlog');
const { verifyCheckpoint } = require(path.join(tlog, 'checkpoint.js'));
const { verifyMerkleInclusion } = require(path.join(tlog, 'merkle.js'));

// A vkey as the package keeps a log: its id, its name, its key.
function logOf(text) {
  const [name, id, ...rest] = text.split('+');
  const raw = Buffer.from(rest.join('+'), 'base64');
  const ed25519 = Buffer.from('302a300506032b6570032100', 'hex'); // SubjectPublicKeyInfo up to the key
  const key = Buffer.concat([ed25519, raw.subarray(1)]);
  return {
    logID: Buffer.concat([Buffer.from(id, 'hex'), Buffer.alloc(28)]),
    baseURL: name,
    publicKey: crypto.createPublicKey({ key, format: 'der', type: 'spki' }),
  };
}

// The file's lines: a header, the entry, its index, the path, an empty line, the checkpoint.
function entryOf(text) {
  const split = text.indexOf('\n\n');
  const [header, extra, index, ...hashes] = text.slice(0, split).split('\n');
  if (header !== 'c2sp.org/tlog-proof@v1' || !extra.startsWith('extra ') || !index.startsWith('index '))
    throw new Error('this is no receipt');
  return {
    canonicalizedBody: Buffer.from(extra.slice(6), 'base64'),
    inclusionProof: {
      logIndex: index.slice(6),
      hashes: hashes.map((hash) => Buffer.from(hash, 'base64')),
      checkpoint: { envelope: text.slice(split + 2) },
    },
  };
}

for (const file of receipts) {
  try {
    const entry = entryOf(fs.readFileSync(file, 'utf8'));
    verifyMerkleInclusion(entry, verifyCheckpoint(entry, [logOf(vkey)]));
  } catch (error) {
    console.log(`REFUSED ${path.basename(file)}: ${error.message}`);
    process.exit(error.code === 'TLOG_INCLUSION_PROOF_ERROR' ? 1 : 2);
  }
}
console.log(`PROVED ${receipts.length} receipts`);
