// The tables themselves are other ones than the migrations make, or something acts on them unseen.
#include "api/cheats/cheater.h"

namespace tally::test {

std::vector<Cheat> schema_cheats() {
  return {
      {"a table is dropped, and the migration that made it forgotten", conduct, "schema.differs",
       [](Cheater& cheater) {
         cheater.run("delete from schema_migration where name not like '0001%'; drop table meter");
       }},
      {"a column is renamed, so that its table cannot be read", conduct, "schema.differs",
       [](Cheater& cheater) { cheater.run("alter table contract rename column uses to uses2"); }},
      {"a trigger is hidden in the database, which takes back each count", conduct,
       "schema.differs",
       [](Cheater& cheater) {
         cheater.run(
             "create trigger tr after update of used on meter begin "
             "update meter set used = 0 where contract = new.contract; end");
       }},
      {"a view stands in the database, to be read in place of a table", conduct, "schema.differs",
       [](Cheater& cheater) { cheater.run("create view shown_meter as select * from meter"); }},
  };
}

}  // namespace tally::test
