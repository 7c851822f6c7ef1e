-- Contracts and their uses.

-- Document: what parties signed, as its canonical bytes, filed by their digest.
create table document (
  digest blob primary key check (length(digest) = 32),
  format text not null,
  bytes  text not null
) strict;

-- Projection. `seq` and `prev` are where the contract's own chain of entries stands.
create table contract (
  id         text primary key,
  document   blob not null unique references document (digest),  -- a signature agrees to one contract
  provider   text not null,
  consumer   text not null,
  dataset    text not null,
  version    integer not null,
  state      text not null check (state in ('offered', 'active', 'exhausted', 'terminated')),
  seq        integer not null check (seq >= 0),   -- of its next entry
  prev       blob not null check (length(prev) = 32),
  uses       integer not null default 0 check (uses >= 0),  -- recorded and not voided, of all rules
  offered_at integer not null,
  active_at  integer,
  ended_at   integer,
  check ((state = 'offered') <= (active_at is null)),
  check ((state in ('active', 'exhausted')) <= (active_at is not null)),
  check ((state = 'terminated') = (ended_at is not null))
) strict;
create index contract_provider on contract (provider, id);
create index contract_consumer on contract (consumer, id);

-- Projection: one row for each rule (permission) of a contract. No statement can push it too far.
create table meter (
  contract text not null references contract (id),
  rule     integer not null check (rule >= 0),
  allowed  integer not null check (allowed > 0),
  used     integer not null default 0 check (used >= 0),
  primary key (contract, rule),
  check (used <= allowed)
) strict;

-- Projection. The key of a use is never forgotten; it is kept as its keyed digest, which covers the
-- contract too: one narrow index, as each use lands on another page of it.
create table use_record (
  id           text primary key,
  contract     text not null references contract (id),
  key          blob not null unique check (length(key) = 32),
  request      blob not null check (length(request) = 32),  -- keyed digest of the request
  rule         integer not null,
  state        text not null check (state in ('recorded', 'voided')),
  count_before integer not null,
  redeliveries integer not null default 0,
  entry        integer not null,      -- ledger position
  at           integer not null
) strict;
