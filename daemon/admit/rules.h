/* What reading rules and judging Rules records share. */
#ifndef ADMIT_RULES_H
#define ADMIT_RULES_H

#include <stdint.h>

#define HOUR_MS UINT64_C(3600000)
#define FUTURE_HOURS 24 /* until a limit says otherwise */
#define FUTURE_HOURS_MAX 8760

#endif
