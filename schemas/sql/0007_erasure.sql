-- Erasure (space/erasure/erasure.h).

-- Projection. What was erased, and the entry that says so.
create table erasure (
  subject text    primary key,   -- content/<dataset>/<version>, party/<id>, actor/<id>, document/<digest>
  seq     integer not null,
  at      integer not null
) strict;

-- Working. Erasures of which keys or rows are still there: done at once, or at the next start.
create table erasure_left (
  subject text primary key references erasure (subject)
) strict;
