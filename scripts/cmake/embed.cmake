# tally_embed(TARGET HEADER NAMESPACE FILES ...): text files become constants of the program.
# The header offers `struct File { std::string_view name, text; }` and `files()`.
function(tally_embed target namespace output)
  set(sources ${ARGN})
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/${output})
  set(entries "")
  set(index 0)
  foreach(source IN LISTS sources)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
    get_filename_component(name ${source} NAME)
    file(READ ${source} text)
    string(APPEND entries "    {\"${name}\", R\"~~~~(${text})~~~~\"},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  file(CONFIGURE OUTPUT ${generated} CONTENT
"// Written by the build from the files that it names.
#include <array>
#include <span>
#include <string_view>
#include \"core/embedded.h\"
namespace ${namespace} {
namespace {
constexpr std::array<tally::core::EmbeddedFile, ${index}> all{{
@entries@}};
}  // namespace
std::span<const tally::core::EmbeddedFile> embedded_files() { return all; }
}  // namespace ${namespace}
" @ONLY)
  target_sources(${target} PRIVATE ${generated})
endfunction()
