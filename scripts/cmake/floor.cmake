# tally_floor(NAME DEPS ...): one static library per floor, whose headers are reached through an
# include root of its own that holds a single link. A target sees the roots of what it links to and
# no others, so an include that points upward does not compile.
function(tally_floor name)
  cmake_parse_arguments(PARSE_ARGV 1 floor "" "" "DEPS;PRIVATE_DEPS")
  set(root ${CMAKE_BINARY_DIR}/floors/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${root}/${name} SYMBOLIC)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  add_library(tally_${name} STATIC ${sources})
  target_include_directories(tally_${name} PUBLIC ${root})
  target_link_libraries(tally_${name} PUBLIC ${floor_DEPS} PRIVATE tally_options ${floor_PRIVATE_DEPS})
endfunction()
