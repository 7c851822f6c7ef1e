-- Keys of the log (ledger/log_keys.h). A ledger whose key was never exchanged has no rows here.

-- Projection. Keys that were added after entry 0 named the first, and the entry that says so.
create table log_key_added (
  key text    primary key,   -- vkey
  seq integer not null,
  at  integer not null
) strict;

-- Projection. Keys that were retired.
create table log_key_retired (
  key text    primary key,
  seq integer not null,
  at  integer not null
) strict;
