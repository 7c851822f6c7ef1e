-- Labeling. Of each table the class is named: projection (rebuilt from the ledger), private (never in
-- the ledger; erasable), or working (private, and nothing is lost for good when it is emptied).

-- Projection. One row for each project.opened entry.
create table project (
  id               text    primary key,
  seq              integer not null,              -- the entry that opened it
  party            text    not null,              -- the labeling party
  contract         text    not null,
  provider         text    not null,              -- of the dataset
  dataset          text    not null,
  version          integer not null check (version > 0),
  policy_version   integer not null check (policy_version > 0),
  accept_from_ppm  integer not null check (accept_from_ppm between 0 and 1000000),
  hold_below_ppm   integer not null check (hold_below_ppm between 0 and accept_from_ppm),
  priority         text    not null check (priority in ('least_confidence', 'margin', 'entropy')),
  seats            integer not null check (seats between 1 and 32),
  agree            integer not null check (agree between 1 and seats),
  lease_seconds    integer not null check (lease_seconds > 0),
  classes          blob    not null check (length(classes) = 32),  -- commitment of the class list
  opened_at        integer not null
) strict;
create index project_of_party on project (party, id);
create index project_of_provider on project (provider, id);

-- Private. What the project's people call it and its classes.
create table project_text (
  project  text primary key references project (id),
  title    text not null,
  classes  text not null,                          -- canonical JSON array of names
  salt     text not null                           -- of the commitment to the classes
) strict;

-- Projection. Moved in the transaction of each change.
create table project_count (
  project   text    primary key references project (id),
  accepted  integer not null default 0 check (accepted >= 0),
  human     integer not null default 0 check (human >= 0),
  held      integer not null default 0 check (held >= 0),
  checks    integer not null default 0 check (checks between 0 and accepted),
  answers   integer not null default 0 check (answers >= 0),
  decided   integer not null default 0 check (decided >= 0),
  in_doubt  integer not null default 0 check (in_doubt >= 0),
  chunks    integer not null default 0 check (chunks >= 0),
  check (decided + in_doubt <= human + checks)
) strict;

-- Projection. One row for each predictions.imported and items.sent_to_check entry.
create table line_chunk (
  project  text    not null references project (id),
  chunk    integer not null check (chunk > 0),
  kind     text    not null check (kind in ('predictions', 'checks')),
  seq      integer not null,                        -- its entry
  lines    integer not null check (lines between 1 and 1000),
  root     blob    not null check (length(root) = 32),
  primary key (project, chunk)
) strict;

-- Private. One row for each item of a project, with the lines about it: `text` and `check_text` are
-- leaves of chunks' trees. Erasing a text leaves its hash, and with it every proof of other lines.
create table item (
  project          text    not null references project (id),
  item             text    not null,
  predicted        integer not null check (predicted >= 0),  -- index of the class
  route            text    not null check (route in ('accept', 'human', 'hold')),
  priority_ppm     integer not null check (priority_ppm between 0 and 1000000),
  task             text,                            -- when people are asked
  chunk            integer not null,                -- of its prediction
  line             integer not null check (line >= 0),
  leaf_hash        blob    not null check (length(leaf_hash) = 32),
  check_chunk      integer,                         -- of its check
  check_line       integer check (check_line >= 0),
  check_leaf_hash  blob    check (length(check_leaf_hash) = 32),
  text             text,                            -- canonical JSON
  check_text       text,
  primary key (project, item),
  check (case route when 'human' then task is not null
                    when 'hold' then task is null
                    else (task is null) = (check_chunk is null) end),
  check (check_chunk is null or route = 'accept'),
  check ((check_chunk is null) = (check_line is null)),
  check ((check_chunk is null) = (check_leaf_hash is null))
) strict;
create unique index item_of_chunk on item (project, chunk, line);
create unique index item_of_check on item (project, check_chunk, check_line)
  where check_chunk is not null;

-- Private (it names items). What people are asked. `place` orders the queue: the most uncertain
-- first, then the oldest; it is (1000000 - priority_ppm) * 2^32 + the task's number in its project.
create table task (
  id          text    primary key,
  project     text    not null references project (id),
  item        text    not null,
  place       integer not null check (place > 0),
  seats       integer not null check (seats between 1 and 32),
  agree       integer not null check (agree between 1 and seats),
  answers     integer not null default 0 check (answers between 0 and seats),
  free_seats  integer not null check (free_seats between 0 and 4294967295),  -- bit n - 1: seat n
  fence       integer not null default 0,            -- of the newest lease
  freed       integer not null default 0,            -- queue.freed when a lease last ended unanswered
  state       text    not null default 'open' check (state in ('open', 'decided', 'in_doubt')),
  labels      text,                                  -- what was decided, as canonical JSON
  unique (project, item),
  check ((state = 'open') = (answers < seats)),
  check ((state = 'decided') = (labels is not null))
) strict;
create unique index task_waiting on task (project, place) where free_seats <> 0;
create index task_freed on task (project, freed) where free_seats <> 0 and freed > 0;

-- Working. Live leases only: a lease that is answered or runs out is deleted.
create table lease (
  id            text    primary key,
  task          text    not null references task (id),
  project       text    not null,
  annotator     text    not null,
  seat          integer not null check (seat between 1 and 32),
  fence         integer not null check (fence > 0),
  secret        text    not null,
  leased_at     integer not null,
  leased_until  integer not null,                    -- by the ledger's time
  unique (task, annotator),
  unique (task, seat),
  check (leased_until > leased_at)
) strict;
create index lease_due on lease (leased_until);
create index lease_of_annotator on lease (project, annotator);

-- Working. One row for each project: numbers given so far, and what leases are out.
create table queue (
  project   text    primary key references project (id),
  tasks     integer not null default 0 check (tasks >= 0),   -- the number of the newest task
  freed     integer not null default 0 check (freed >= 0),   -- counts seats that came back, and refills
  refilled  integer not null default 0 check (refilled between 0 and freed),  -- `freed` at the last refill
  leased    integer not null default 0 check (leased >= 0)
) strict;

-- Working. How far an annotator has come: whatever waits at or before `place` was had by them, or has
-- come back since (task.freed > freed).
create table queue_place (
  project    text    not null,
  annotator  text    not null,
  place      integer not null,
  freed      integer not null,
  primary key (project, annotator)
) strict;

-- Projection. One row for each label.recorded entry.
create table answer (
  id            text    primary key,
  seq           integer not null,
  project       text    not null references project (id),
  task          text    not null,
  annotator     text    not null,
  seat          integer not null,
  lease         text    not null,
  leased_at     integer not null,
  leased_until  integer not null,
  value         blob    not null check (length(value) = 32),  -- commitment of the labels
  answered_at   integer not null,
  unique (task, annotator),
  unique (task, seat),
  check (answered_at >= leased_at and answered_at < leased_until)
) strict;

-- Private. What was answered; with its salt gone the commitment says nothing any more.
create table answer_value (
  answer  text primary key references answer (id),
  labels  text not null,                             -- canonical JSON array in class order
  salt    text not null
) strict;

-- Private. Imports, so that the same key goes on where a crash stopped it.
create table import (
  project   text    not null references project (id),
  key_hash  blob    not null check (length(key_hash) = 32),
  request   blob    not null check (length(request) = 32),  -- SHA-256 of what was sent
  state     text    not null check (state in ('running', 'done')),
  items     integer not null,
  accepted  integer not null,
  human     integer not null,
  held      integer not null,
  chunks    integer not null,
  last_seq  integer not null,                        -- the entry of its last chunk
  model     text,
  salt      text    not null,                        -- of the commitment to the model
  primary key (project, key_hash)
) strict;
