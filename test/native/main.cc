// The entry point that all test programs share; doctest's own parts are compiled once, here.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
