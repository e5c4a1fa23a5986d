/*
 * Defaults and the small files of ~/.config/suyuan (XDG_CONFIG_HOME is honoured).
 *
 *   config           name = value, one a line: ledger, key, token, vkey, lang, passphrase-file
 *   known            pinned ledgers: address and vkey, one a line
 *   checkpoints/     the newest checkpoint that was proven, a file a log key
 *   audited/         how far `ledger audit` has come, a file a log key
 *
 * A value comes from the command line, else the environment, else the file.
 */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "cli.h"

struct config {
	char *dir; /* NULL when there is no home to keep anything in */
	const char *ledger, *key, *token, *vkey, *lang, *passphrase_file;
	struct sy_arena arena;
};

int config_load(struct app *app);
void config_free(struct config *c);
/* One `name = value` line; false for a comment or an empty line.  SY_EINVAL without '='. */
int config_line(struct sy_str line, struct sy_str *name, struct sy_str *value);

/* DIR/KIND/NAME with every byte of NAME outside A-Za-z0-9-.+ as %XX, in the arena. */
const char *config_path(struct sy_arena *arena, const struct config *c, const char *kind,
			struct sy_str name);
/* A file that may be absent: empty then. */
int config_read(const char *path, struct sy_buf *out, struct fail *f);
/* Replaces the file as a whole, synced; makes the folders on the way. */
int config_replace(const char *path, struct sy_str text, struct fail *f);
/* Several programs may run at once: held from opening to config_unlock.  -1 when impossible. */
int config_lock(const struct config *c);
void config_unlock(int lock);

#endif
