#include "admit/admit.h"

/* The text is made from conf/profiles and conf/recalls when building (Makefile), so that there is
 * one source. */
const char *const admit_default_rules[] = {
#include "default_rules.inc"
};

const size_t admit_n_default_rules = sizeof(admit_default_rules) / sizeof(admit_default_rules[0]);
