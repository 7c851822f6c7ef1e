-- Keys of parties beside the one that each registered with (space/parties/party_key.h). A ledger in
-- which no key was ever exchanged has no rows here.

-- Projection. Keys that were added, and the entry that says so.
create table added_key (
  key_id     text    primary key,                                   -- key_..
  party      text    not null references party (id),
  public_key blob    not null check (length(public_key) = 32),      -- Ed25519
  seq        integer not null,
  at         integer not null
) strict;
create index added_key_of_party on added_key (party, seq);

-- Projection. Keys that were retired, those of registrations among them.
create table retired_key (
  key_id text    primary key,
  party  text    not null references party (id),
  seq    integer not null,
  at     integer not null
) strict;
create index retired_key_of_party on retired_key (party, seq);
