-- The ledger. Nothing here is projection: these bytes are what every receipt rests on.

-- One row: where the ledger stands. Written in the transaction of each batch.
create table ledger_head (
  id           integer primary key check (id = 1),
  size         integer not null check (size >= 0),
  root         blob    not null check (length(root) = 32),
  edge         blob    not null,                        -- subtree hashes of the right edge, largest first
  last_hash    blob    not null check (length(last_hash) = 32),  -- leaf hash of the last entry
  last_at      integer not null,                        -- its time, Unix milliseconds
  time_trusted integer not null check (time_trusted in (0, 1))
) strict;

-- Complete bundles of 256 entries, each entry behind its length (two bytes, big endian).
create table ledger_bundle (
  bundle  integer primary key check (bundle >= 0),
  entries blob    not null
) strict;

-- Entries after the last complete bundle, one row for each batch.
create table ledger_tail (
  first_seq integer primary key check (first_seq >= 0),
  count     integer not null check (count between 1 and 255),
  entries   blob    not null
) strict;

-- The tree as C2SP tlog-tiles; a tile that is not full grows with the ledger.
create table ledger_tile (
  level  integer not null check (level between 0 and 7),
  tile   integer not null check (tile >= 0),
  hashes blob    not null check (length(hashes) between 32 and 8192 and length(hashes) % 32 = 0),
  primary key (level, tile)
) strict;

-- The sizes at which a batch ended. A receipt proves its entry in the first of them that holds it,
-- so that the same entry has the same receipt for ever.
-- The root is what was signed then: a receipt is made again only when the tiles still give it.
create table ledger_batch (
  size integer primary key check (size > 0),
  root blob    not null check (length(root) = 32)
) strict;

-- The last checkpoint that was signed and stored, as a C2SP signed note.
create table ledger_checkpoint (
  id   integer primary key check (id = 1),
  size integer not null check (size >= 0),
  note text    not null
) strict;
