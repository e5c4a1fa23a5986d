/*
 * suyuan recall: what comes back, from whom.
 */
#include "recall.h"
#include "affected.h"

#define FLAGS_SCOPE                                                                     \
	{"item", "CODE", "a lot, a unit or a container", FLAG_MANY},                    \
	    {"product", "CODE", "batches of this product", FLAG_ONE},                   \
	    {"made-from", "DAY", "made on this day or later", FLAG_ONE},                \
	    {"made-to", "DAY", "made on this day or earlier", FLAG_ONE},                \
	    {"place", "PLACE", "what was at this place, or with this party", FLAG_ONE}, \
	    {"from", "TIME", "at this time or later", FLAG_ONE},                        \
	{                                                                               \
		"to", "TIME", "at this time or earlier", FLAG_ONE                       \
	}
#define FLAGS_WORDS                                                          \
	{"level", "LEVEL", "1, 2 or 3: as the rules name them", FLAG_ONE},   \
	    {"reason", "TEXT", "why it comes back", FLAG_ONE},               \
	{                                                                    \
		"measures", "TEXT", "what whoever has it shall do", FLAG_ONE \
	}

static const struct flag open_flags[] = {
    FLAGS_SCOPE,
    {"rule", "RULES", "what levels and deadlines it goes by: recall/food", FLAG_ONE},
    FLAGS_WORDS,
    {"party", "PARTY", "whose goods come back; else who signs", FLAG_ONE},
    {"known", "TIME", "when the danger became known", FLAG_ONE},
    {"mock", NULL, "an exercise: it marks nothing", FLAG_BOOL},
    {"draft", NULL, "not yet in force", FLAG_BOOL},
    {"replace", NULL, "take the place of the version in force", FLAG_BOOL},
    FLAG_DRY_RUN,
    {0}};
static const struct flag widen_flags[] = {FLAGS_SCOPE, FLAGS_WORDS, FLAG_DRY_RUN, {0}};
static const struct flag state_flags[] = {FLAG_DRY_RUN, {0}};
static const struct flag notify_flags[] = {
    {"party", "PARTY", "this one; else all that have something of it", FLAG_MANY},
    {"text", "TEXT", "what they shall know beside it", FLAG_ONE},
    FLAG_DRY_RUN,
    {0}};
static const struct flag answer_flags[] = {
    {"item", "CODE", "of this batch; several: each amount once for all, or once for each in order",
     FLAG_MANY},
    {"unit", "UNIT", "in kg, L, ...; without it pieces", FLAG_MANY},
    {"found", "N", "so much of it was here", FLAG_MANY},
    {"stopped", "N", "so much was kept from sale and use", FLAG_MANY},
    {"returned", "N", "so much went back", FLAG_MANY},
    {"destroyed", "N", "so much was destroyed", FLAG_MANY},
    {"text", "TEXT", "whatever else there is to say", FLAG_ONE},
    {"at", "TIME", "when; else now", FLAG_ONE},
    FLAG_DRY_RUN,
    {0}};
static const struct flag report_flags[] = {
    {"item", "CODE", "of this batch; several: each amount once for all, or once for each in order",
     FLAG_MANY},
    {"unit", "UNIT", "in kg, L, ...; without it pieces", FLAG_MANY},
    {"made", "N", "so much was made", FLAG_MANY},
    {"sold", "N", "so much was sold", FLAG_MANY},
    {"to-recall", "N", "so much has to come back", FLAG_MANY},
    {"recovered", "N", "so much came back", FLAG_MANY},
    {"outstanding", "N", "so much is still out", FLAG_MANY},
    {"final", NULL, "the recall is complete", FLAG_BOOL},
    {"text", "TEXT", "whatever else there is to say", FLAG_ONE},
    {"at", "TIME", "when; else now", FLAG_ONE},
    FLAG_DRY_RUN,
    {0}};
static const struct flag list_flags[] = {
    {"state", "STATE", "draft, open, closed or revoked", FLAG_ONE},
    {"party", "PARTY", "of this party's goods", FLAG_ONE},
    {0}};
static const struct flag inbox_flags[] = {
    {"party", "PARTY", "of this party; else of the key's", FLAG_ONE}, {0}};

const struct command recall_commands[] = {
    {"affected", "[CODE...]", 0, -1,
     "what a recall would hit: each batch made of these lots, units and containers, who has how "
     "much of it, where, and why (- reads codes)",
     recall_affected_flags, cmd_recall_affected,
     "suyuan recall affected '(01)06901234567892(10)A1' --format csv > affected.csv"},
    {"open", "ID", 1, 1, "a recall, from now on; of a draft the ID is enough", open_flags,
     cmd_recall_open,
     "suyuan recall open urn:dairy:recall:7 --item '(01)06901234567892(10)A1' --rule recall/food "
     "--level 1 --reason Salmonella --measures 'Stop its sale, send it back' --key dairy.key"},
    {"widen", "ID", 1, 1, "its scope grows, or its level rises", widen_flags, cmd_recall_widen,
     "suyuan recall widen urn:dairy:recall:7 --item '(01)06901234567892(10)A2' --key dairy.key"},
    {"notify", "ID", 1, 1, "tells everybody who has something of it and wasn't told yet",
     notify_flags, cmd_recall_notify, "suyuan recall notify urn:dairy:recall:7 --key dairy.key"},
    {"answer", "ID [FILE]", 1, 2,
     "how much of it was found here, and what became of that; FILE is CSV or NDJSON with the "
     "options' "
     "names as columns, - standard input",
     answer_flags, cmd_recall_answer,
     "suyuan recall answer urn:dairy:recall:7 --item '(01)06901234567892(10)A1' --unit kg --found "
     "12 --stopped 12 --returned 12 --key shop.key"},
    {"report", "ID [FILE]", 1, 2,
     "to the authority: how much came back; FILE is CSV or NDJSON with the options' names as "
     "columns, "
     "- standard input",
     report_flags, cmd_recall_report,
     "suyuan recall report urn:dairy:recall:7 --item '(01)06901234567892(10)A1' --unit kg "
     "--to-recall 500 --recovered 480 --final --key dairy.key"},
    {"close", "ID", 1, 1, "after its report; what it covers stays marked", state_flags,
     cmd_recall_close, "suyuan recall close urn:dairy:recall:7 --key dairy.key"},
    {"revoke", "ID", 1, 1, "it never should have been: what it covered isn't marked any more",
     state_flags, cmd_recall_revoke, "suyuan recall revoke urn:dairy:recall:7 --key regulator.key"},
    {"list", "", 0, 0, "recalls and exercises", list_flags, cmd_recall_list,
     "suyuan recall list --state open"},
    {"show", "ID", 1, 1, "one, with deadlines, notices and answers", NULL, cmd_recall_show,
     "suyuan recall show urn:dairy:recall:7"},
    {"inbox", "", 0, 0,
     "what a party was told, and whether it answered; recall affected --recall ID lists the goods",
     inbox_flags, cmd_recall_inbox, "suyuan recall inbox --key shop.key"},
    {"effectiveness", "ID", 1, 1,
     "percent answered and recovered, by party and region; deadlines met and missed", NULL,
     cmd_recall_effectiveness, "suyuan recall effectiveness urn:dairy:recall:7"},
    {0},
};
