-- The newest checkpoint that the witnesses of the policy cosigned to its quorum: what is published
-- instead of what the log signed last. Nothing here is projection. One row while there is a policy,
-- with an empty note until there is a quorum; none without a policy.
create table ledger_witnessed (
  id   integer primary key check (id = 1),
  size integer not null check (size >= 0),
  note text    not null
) strict;
