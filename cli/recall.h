/*
 * suyuan recall: the verbs of a case's life, and what they share.
 */
#ifndef CLI_RECALL_H
#define CLI_RECALL_H

#include "change.h"
#include "nouns.h"

extern const struct view view_recalls, view_inbox;

/* recall_case.c */
int cmd_recall_open(struct app *app);
int cmd_recall_widen(struct app *app);
int cmd_recall_close(struct app *app);
int cmd_recall_revoke(struct app *app);
/* recall_notify.c */
int cmd_recall_notify(struct app *app);
/* recall_answer.c */
int cmd_recall_answer(struct app *app);
int cmd_recall_report(struct app *app);
/* recall_show.c */
int cmd_recall_list(struct app *app);
int cmd_recall_show(struct app *app);
int cmd_recall_inbox(struct app *app);
int cmd_recall_effectiveness(struct app *app);

/* GET /v1/recalls/{id} and what stands behind it; what their answers have, for view_needs. */
extern const char recall_needs[], recall_effect_needs[];
int recall_get(struct app *app, const char *id, const char *rest, struct sy_json_doc *doc);
/* Of an answer's totals, by name; 0 for what isn't there. */
uint64_t recall_total(const struct sy_json_doc *effect, const char *member);
/* RC_FAIL, with by what, when the ledger cut its answer short. */
int recall_whole(struct app *app, const struct sy_json_doc *doc);
/* The party of the key that signs, in the arena; NULL: said why. */
const char *recall_me(struct app *app);
/* "already so" of a case; JSON or a few lines. */
void recall_unchanged(struct app *app, const char *id);

#endif
