-- Private. The entries of an import, one for each chunk, so that its answer can name them whenever the
-- key is sent again. Imports that ended before this table was made name their last entry alone.
create table import_entry (
  project   text    not null,
  key_hash  blob    not null,
  seq       integer not null,
  primary key (project, key_hash, seq),
  foreign key (project, key_hash) references import (project, key_hash)
) strict;
