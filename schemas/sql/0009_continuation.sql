-- A ledger that continues another one (space/continuation/continuation.h).

-- Projection. Contracts that are closed until both their parties have confirmed how often they were
-- used: the ledger that is continued may have said more than was saved of it.
create table contract_hold (
  contract           text    primary key references contract (id),
  provider_confirmed integer not null default 0 check (provider_confirmed in (0, 1)),
  consumer_confirmed integer not null default 0 check (consumer_confirmed in (0, 1)),
  check (provider_confirmed + consumer_confirmed < 2)
) strict;
