# Passed to CMake as CMAKE_PROJECT_INCLUDE when the underlay is the ROS wheels from PyPI.
# The wheels' Python message targets name an include folder of the machine that built them; it does
# not exist here and CMake refuses to generate. Drop such entries once every target is known.
function(_hvd_drop_foreign_includes)
  get_property(targets DIRECTORY PROPERTY IMPORTED_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(includes ${target} INTERFACE_INCLUDE_DIRECTORIES)
    if(includes)
      list(FILTER includes EXCLUDE REGEX "^/opt/python/")
      set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${includes}")
    endif()
  endforeach()
endfunction()
cmake_language(DEFER CALL _hvd_drop_foreign_includes)
