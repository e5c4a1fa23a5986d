/*
 * suyuan recall: what comes back, from whom.
 */
#include "nouns.h"
#include "affected.h"

const struct command recall_commands[] = {
    {"affected", "[CODE...]", 0, -1,
     "what a recall would hit: each batch made of these lots, units and containers, who has how "
     "much of it, where, and why",
     recall_affected_flags, cmd_recall_affected,
     "suyuan recall affected '(01)06901234567892(10)A1' --format csv > affected.csv"},
    {0},
};
