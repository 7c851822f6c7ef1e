-- Parties, actors and datasets, and the keys under which requests were made.
--
-- Each table names its class:
--   projection  rebuilt from the ledger, and compared with it by the audit
--   document    filed as it was made; the ledger holds a commitment to it
--   private     names, tokens, nonces, content: may be erased, and every proof stays valid

-- projection. Who takes part, and the key they sign with.
create table party (
  id             text    primary key,                               -- pty_..
  key_id         text    not null unique,                           -- key_..
  public_key     blob    not null check (length(public_key) = 32),  -- Ed25519
  state          text    not null check (state in ('pending', 'approved')),
  roles          text    not null,                                  -- names, a blank between two
  document       blob    not null check (length(document) = 32),    -- commitment to the registration
  registered_at  integer not null,                                  -- Unix milliseconds, as all times
  check ((state = 'pending') = (roles = ''))
) strict;

create index party_pending on party (id) where state = 'pending';

-- private. What a party said of itself when it registered, and its signature over that.
create table party_registration (
  party     text primary key references party (id),
  name      text not null,
  document  text not null,                                          -- canonical JSON
  signature blob not null check (length(signature) = 64)
) strict;

-- projection. Who holds a token: the party itself, or one of its people.
create table actor (
  id         text    primary key,                                   -- act_..
  party      text    not null references party (id),
  scopes     text    not null,                                      -- names, a blank between two
  expires_at integer not null,
  state      text    not null check (state in ('active', 'revoked')),
  added_at   integer not null
) strict;
create index actor_of_party on actor (party, id);

-- private. Tokens are kept as their hash alone.
create table actor_token (
  token_hash blob primary key check (length(token_hash) = 32),
  actor      text not null unique references actor (id),
  name       text not null
) strict;

-- private. Nonces of signed token requests; each serves once.
create table token_nonce (
  party text    not null references party (id),
  nonce text    not null,
  at    integer not null,
  primary key (party, nonce)
) strict;

-- private. A request with a key, and what it was answered (space/once.h).
create table idempotency (
  party    text    not null,                                        -- or another scope of keys
  route    text    not null,
  key_hash blob    not null check (length(key_hash) = 32),
  request  blob    not null check (length(request) = 32),           -- hash of what was asked
  answer   text    not null,
  seq      integer not null,                                        -- of the entry that records it
  at       integer not null,
  primary key (party, route, key_hash)
) strict;

-- projection.
create table dataset (
  id                text    primary key,                            -- dst_..
  provider          text    not null references party (id),
  manifest          blob    not null check (length(manifest) = 32), -- commitment to dataset_manifest
  versions          integer not null check (versions >= 0),         -- registered so far: 1 .. versions
  published_version integer not null check (published_version between 0 and versions),  -- the newest
  registered_at     integer not null
) strict;
create index dataset_of_provider on dataset (provider, id);
create index dataset_published on dataset (id) where published_version > 0;

-- document. Title, description, licence, tags.
create table dataset_manifest (
  dataset  text primary key references dataset (id),
  document text not null                                            -- canonical JSON
) strict;

-- projection. A version is fixed by the digest of its content.
create table dataset_version (
  dataset        text    not null references dataset (id),
  version        integer not null check (version > 0),
  state          text    not null check (state in ('awaiting_content', 'published')),
  content        text    not null check (content in ('uploaded', 'metadata_only')),
  digest         blob    not null check (length(digest) = 32),      -- SHA-256 of the content
  bytes          integer not null check (bytes >= 0),
  records        integer check (records >= 0),                      -- of line-wise content, once known
  manifest       blob    not null check (length(manifest) = 32),    -- commitment, as above
  parent_version integer check (parent_version > 0),                -- what it was made from
  project        text,                                              -- and by which labeling project
  registered_at  integer not null,
  published_at   integer,
  published_seq  integer,                                           -- of the entry that published it
  primary key (dataset, version),
  check ((state = 'published') = (published_at is not null)),
  check ((state = 'published') = (published_seq is not null)),
  check (content = 'uploaded' or state = 'published')
) strict;

-- document. Media type and note.
create table dataset_version_manifest (
  dataset  text    not null,
  version  integer not null,
  document text    not null,                                        -- canonical JSON
  primary key (dataset, version)
) strict;

-- private. The data key of a version's content, sealed under the master key. Without the master key,
-- which is never in the database, all content is lost.
create table content_key (
  dataset text    not null,
  version integer not null,
  sealed  blob    not null,
  primary key (dataset, version)
) strict;

-- private. The content, cut into chunks, each sealed under the data key. While the version awaits
-- content these are the parts of an upload that is under way or was broken off.
create table content_chunk (
  dataset      text    not null,
  version      integer not null,
  chunk        integer not null check (chunk >= 0),
  first_record integer not null check (first_record >= 0),          -- 0 in content without records
  sealed       blob    not null,
  primary key (dataset, version, chunk)
) strict;
create index content_chunk_of_record on content_chunk (dataset, version, first_record, chunk);
