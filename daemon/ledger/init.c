#include "truth.h"

#include <suyuan/hash.h>
#include <suyuan/keyfile.h>
#include <suyuan/time.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * The file "incomplete" is the first thing made and the last thing removed: a folder that has it
 * holds no ledger, whatever else is in it, and --init clears it and begins anew.  A folder renamed
 * into place would be simpler and doesn't work where the folder is a mount point or its parent is
 * somebody else's, as under systemd.
 */
static const char *const made[] = {
    "truth/data.mdb", "truth/lock.mdb", "truth/sums", "truth/sums.new", "truth/sums.old",
    "truth",          "salts",          "log.key",    "operator.key",   "head.new",
    "head",           "incomplete",     "lock",
};
enum { N_MADE = sizeof made / sizeof *made, N_MARKS = 2 /* the last two */ };

struct making {
	struct ledger *l;
	const struct ledger_genesis *g;
	struct sy_keyfile log, operator;
	char operator_id[SY_KEY_NAME_MAX + 1];
	bool made_dir;
};

/* One record on its way in, signed by the operator. */
struct first_job {
	struct ledger_job job;
	struct sy_submission sub;
	struct sy_str record;
	sy_hash leaf;
	uint8_t salt[1][SY_SALT_SIZE];
	struct sy_buf text;
};

static void clear(struct ledger *l, size_t n)
{
	for (size_t i = 0; i < n; i++)
		unlinkat(l->dir_fd, made[i], strcmp(made[i], "truth") == 0 ? AT_REMOVEDIR : 0);
}

static int write_incomplete(struct ledger *l)
{
	static const char text[] = "A new ledger was being made here.  Run suyuand --init again.\n";
	int fd = openat(l->dir_fd, "incomplete", O_WRONLY | O_CREAT | O_CLOEXEC, 0644), err;

	if (fd < 0)
		return ledger_say(SY_EIO, "%s can't be written to: %s.", l->dir, strerror(errno));
	err = pwrite_all(fd, text, sizeof text - 1, 0);
	if (err == SY_OK && (fsync(fd) || fsync(l->dir_fd)))
		err = SY_EIO;
	close(fd);
	return err ? ledger_say(err, "%s can't be written to: %s.", l->dir, sy_strerror(err))
		   : SY_OK;
}

/* A mount point's own, and what a start that went no further left. */
static bool ignored(const char *name)
{
	static const char *const names[] = {".", "..", "lost+found", "lock"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* SY_EDUP when there is anything in it, SY_OK when it is empty or was left incomplete. */
static int check_empty(struct ledger *l)
{
	int fd, err = SY_OK;
	struct dirent *e;
	DIR *d;

	if (faccessat(l->dir_fd, "incomplete", F_OK, 0) == 0)
		return SY_OK;
	if ((fd = openat(l->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
	    (d = fdopendir(fd)) == NULL) {
		if (fd >= 0)
			close(fd);
		return ledger_say(SY_EIO, "%s can't be read: %s.", l->dir, strerror(errno));
	}
	while (err == SY_OK && (e = readdir(d)))
		if (!ignored(e->d_name))
			err = ledger_say(
			    SY_EDUP,
			    "%s isn't empty (it holds %s): a new ledger wants a folder of "
			    "its own.",
			    l->dir, e->d_name);
	closedir(d);
	return err;
}

static int make_dir(struct making *m)
{
	struct ledger *l = m->l;
	int err;

	m->made_dir = mkdir(l->dir, 0700) == 0;
	if (!m->made_dir && errno != EEXIST)
		return ledger_say(SY_EIO, "%s can't be made: %s.", l->dir, strerror(errno));
	l->dir_fd = open(l->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->dir_fd < 0)
		return ledger_say(SY_EIO, "%s can't be opened: %s.", l->dir, strerror(errno));
	if ((err = check_empty(l)))
		return err;
	if (sync_path(l->dir, ".."))
		return ledger_say(SY_EIO, "The folder around %s can't be synced.", l->dir);
	/* two --init at once: the lock decides, and only its holder may clear */
	return ledger_lock(l);
}

static int write_key(struct making *m, const struct sy_keyfile *k, const char *name)
{
	char path[4096];
	int err;

	if ((size_t)snprintf(path, sizeof path, "%s/%s", m->l->dir, name) >= sizeof path)
		return ledger_say(SY_ERANGE, "The path of %s is too long.", m->l->dir);
	err = sy_keyfile_write(k, path, NULL);
	return err ? ledger_say(err, "%s can't be written: %s.", path, sy_strerror(err)) : SY_OK;
}

/* A pair whose name is derived from the key itself, when nobody gave the operator an identifier. */
static int make_operator(struct making *m)
{
	char name[SY_KEY_NAME_MAX + 1], hex[17];
	sy_hash h;
	int err;

	if ((err = sy_keyfile_new(&m->operator, sy_str("operator"))))
		return err;
	sy_sha256(m->operator.signer.key, SY_KEY_SIZE, &h);
	sy_hex(h.b, 8, hex);
	if (m->g->operator_id)
		snprintf(m->operator_id, sizeof m->operator_id, "%s", m->g->operator_id);
	else
		snprintf(m->operator_id, sizeof m->operator_id, "urn:suyuan:own:%s:operator", hex);
	if ((err = sy_party_key_name(sy_str(m->operator_id), name)) ||
	    (err = sy_vkey_make(&m->operator.vkey, sy_str(name), m->operator.signer.key)))
		return err;
	sy_vkey_format(&m->operator.vkey, m->operator.vkey_text);
	return SY_OK;
}

static int make_keys(struct making *m)
{
	struct ledger *l = m->l;
	int err;

	if (m->g->operator_id && strlen(m->g->operator_id) > SY_KEY_NAME_MAX)
		return ledger_say(SY_ERANGE, "The operator's identifier is longer than %d bytes.",
				  SY_KEY_NAME_MAX);
	if ((err = sy_keyfile_new(&m->log, sy_str(m->g->origin))) || (err = make_operator(m)))
		return ledger_say(err, "Making keys failed: %s.", sy_strerror(err));
	if ((err = write_key(m, &m->log, "log.key")) ||
	    (err = write_key(m, &m->operator, "operator.key")))
		return err;
	return ledger_keys(l);
}

static int make_truth(struct making *m)
{
	const uint64_t terabyte = (uint64_t)1 << 40;
	struct ledger *l = m->l;
	char path[4096], format[8];
	struct kv_tx tx;
	int err;

	if ((size_t)snprintf(path, sizeof path, "%s/truth", l->dir) >= sizeof path)
		return ledger_say(SY_ERANGE, "The path of %s is too long.", l->dir);
	snprintf(format, sizeof format, "%d", LEDGER_FORMAT);
	if ((err = kv_open(path, ledger_tables, N_TABLES, terabyte, 0, &l->truth)) ||
	    (err = kv_begin(l->truth, &tx, KV_WRITE)))
		return ledger_say(err, "%s can't be made: %s.", path, sy_strerror(err));
	kv_put(&tx, T_META, SY_STR("format"), sy_str(format), KV_NEW);
	kv_put(&tx, T_META, SY_STR("origin"), ledger_origin(l), KV_NEW);
	if ((err = kv_commit(&tx)))
		return ledger_say(err, "%s can't be written: %s.", path, sy_strerror(err));
	return salts_open(l, true);
}

/* --- the first records ----------------------------------------------------------------------- */

static void write_genesis(struct making *m, const uint8_t proof[SY_SIG_SIZE], struct sy_buf *out)
{
	const char *name = m->g->name ? m->g->name : m->g->origin;
	bool ascii = true;
	char now[SY_TIME_TEXT];
	struct sy_jw w;

	for (const char *p = name; *p; p++)
		ascii &= (unsigned char)*p < 0x80;
	sy_time_format(m->l->clock.real(m->l->clock.ctx), now);
	sy_jw_init(&w, out);
	sy_jw_object(&w);
	sy_jw_kv_text(&w, "type", "Ledger");
	sy_jw_kv_text(&w, "origin", m->g->origin);
	sy_jw_kv_text(&w, "logKey", m->log.vkey_text);
	sy_jw_key(&w, "operator");
	sy_jw_object(&w);
	sy_jw_kv_text(&w, "id", m->operator_id);
	sy_jw_key(&w, "name");
	sy_jw_object(&w);
	sy_jw_kv_text(&w, ascii ? "en" : "zh", name);
	sy_jw_end(&w, '}');
	sy_jw_key(&w, "key");
	sy_jw_object(&w);
	sy_jw_kv_text(&w, "vkey", m->operator.vkey_text);
	sy_jw_key(&w, "proof");
	sy_jw_base64(&w, proof, SY_SIG_SIZE);
	sy_jw_end(&w, '}');
	sy_jw_end(&w, '}');
	sy_jw_kv_text(&w, "created", now);
	sy_jw_end(&w, '}');
}

static int genesis_text(struct making *m, struct sy_buf *out)
{
	uint8_t proof[SY_SIG_SIZE];
	int err = sy_key_proof_make(&m->operator.signer, sy_str(m->g->origin),
				    sy_str(m->operator_id), sy_str(m->operator.vkey_text), proof);

	if (err)
		return err;
	write_genesis(m, proof, out);
	return out->failed ? SY_ENOMEM : SY_OK;
}

static int check_record(struct sy_str record)
{
	struct sy_json_fault fault = {0};
	struct sy_arena arena = {0};
	struct sy_json_doc doc;
	int err = sy_record_parse(&arena, record, &doc, &fault);

	if (err)
		ledger_say(err, "A first record isn't legal at byte %zu (%s): %.60s", fault.offset,
			   fault.detail ? fault.detail : sy_strerror(err), record.p);
	sy_arena_free(&arena);
	return err;
}

static void nothing(struct ledger_job *job)
{
	(void)job;
}

static int sign_record(struct making *m, struct first_job *f, struct sy_str record,
		       uint32_t deadline)
{
	struct sy_submission *s = &f->sub;
	char statement[SY_STATEMENT_MAX];
	struct sy_str origin = sy_str(m->g->origin);
	size_t n;
	int err = check_record(record);

	if (err)
		return err;
	f->record = record;
	sy_submission_salt(m->operator.salt_key, origin, &f->record, 1, s->salt);
	sy_record_salt(s->salt, 0, f->salt[0]);
	sy_record_leaf(f->salt[0], record, &f->leaf);
	sy_leaves_root(&f->leaf, 1, &s->records_root);
	memcpy(s->author, m->operator.signer.key, SY_KEY_SIZE);
	s->count = 1;
	s->deadline = deadline;
	s->records = &f->record;
	s->leaves = &f->leaf;
	s->salts = f->salt;
	n = sy_submission_statement(origin, 1, &s->records_root, deadline, statement);
	sy_sign(&m->operator.signer, statement, n, s->signature);
	f->job.sub = s;
	f->job.done = nothing;
	return SY_OK;
}

static int append_first(struct making *m, struct first_job *f, size_t n)
{
	uint64_t now = m->l->clock.real(m->l->clock.ctx) / 1000;
	int err;

	if ((err = genesis_text(m, &f[0].text)))
		return ledger_say(err, "Writing the first record failed: %s.", sy_strerror(err));
	for (size_t i = 0; i < n; i++) {
		struct sy_str record = i ? m->g->records[i - 1] : sy_buf_span(&f[0].text);
		if ((err = sign_record(m, &f[i], record, i ? (uint32_t)(now + 86400) : 0)))
			return err;
		f[i].job.next = i + 1 < n ? &f[i + 1].job : NULL;
	}
	err = group_run(m->l, &f[0].job);
	for (size_t i = 0; i < n && err == SY_OK; i++)
		err = f[i].job.err;
	return err ? ledger_say(err, "Storing the first records failed: %s.", sy_strerror(err))
		   : SY_OK;
}

static int make_first(struct making *m)
{
	size_t n = m->g->n_records + 1;
	struct first_job *f = calloc(n, sizeof *f);
	int err;

	if (f == NULL)
		return ledger_say(SY_ENOMEM, "There is not enough memory.");
	err = append_first(m, f, n);
	for (size_t i = 0; i < n; i++) {
		sy_buf_free(&f[i].text);
		sy_buf_free(&f[i].job.proof);
	}
	free(f);
	if (err == SY_OK && ((err = ledger_store_note(m->l)) || (err = head_write(m->l))))
		ledger_say(err, "%s can't be written to: %s.", m->l->dir, sy_strerror(err));
	return err;
}

/* --- all of it, or nothing ------------------------------------------------------------------- */

static int finish(struct making *m)
{
	struct ledger *l = m->l;
	int err;

	kv_close(l->truth);
	l->truth = NULL;
	if ((err = pages_sum(l->dir)) || (err = sync_path(l->dir, "truth")) ||
	    (err = sync_path(l->dir, "log.key")) || (err = sync_path(l->dir, "operator.key")) ||
	    (err = sync_path(l->dir, ".")))
		return ledger_say(err, "%s can't be written to: %s.", l->dir, sy_strerror(err));
	if (unlinkat(l->dir_fd, "incomplete", 0) || fsync(l->dir_fd))
		return ledger_say(SY_EIO, "%s can't be written to: %s.", l->dir, strerror(errno));
	return SY_OK;
}

static int make(struct making *m)
{
	struct ledger *l = m->l;
	int err;

	if ((err = write_incomplete(l)))
		goto err0;
	clear(l, N_MADE - N_MARKS);
	if ((err = make_keys(m)) || (err = make_truth(m)) || (err = make_first(m)) ||
	    (err = finish(m)))
		goto err0;
	return SY_OK;
err0:
	kv_close(l->truth);
	l->truth = NULL;
	clear(l, N_MADE);
	return err;
}

int ledger_create(const char *dir, const struct ledger_genesis *g, const char **why)
{
	struct ledger_options o = {.dir = dir};
	struct making m = {.g = g};
	int err;

	*why = ledger_said();
	if (sy_origin_check(sy_str(g->origin)))
		return ledger_say(SY_EINVAL,
				  "%s is no origin: a URL without scheme and trailing slash, "
				  "printable ASCII without space and +, at most 255 bytes.",
				  g->origin ? g->origin : "(nothing)");
	if ((err = ledger_new(&o, &m.l)) == SY_OK && (err = make_dir(&m)) == SY_OK)
		err = make(&m);
	if (err && m.made_dir)
		rmdir(dir);
	ledger_close(m.l);
	sy_wipe(&m.log, sizeof m.log);
	sy_wipe(&m.operator, sizeof m.operator);
	return err;
}
