#include <suyuan/error.h>
#include <suyuan/note.h>

#define DASH "\u2014 "
#define PROOF_HEAD "c2sp.org/tlog-proof@v1"
#define ID_SIZE 4

/* --- signed notes --------------------------------------------------------------------------- */

struct signature {
	struct sy_str name, blob; /* the blob is base64 of key id and signature */
	uint32_t id;
};

static struct sy_str skip(struct sy_str s, size_t n)
{
	return (struct sy_str){s.p + n, s.n - n};
}

static bool take(struct sy_str *s, const char *prefix)
{
	size_t n = strlen(prefix);
	if (s->n < n || memcmp(s->p, prefix, n) != 0)
		return false;
	*s = skip(*s, n);
	return true;
}

/* UTF-8, no controls but LF, and LF at the end. */
static bool note_text_ok(struct sy_str note)
{
	if (note.n == 0 || note.p[note.n - 1] != '\n' || !sy_utf8_valid(note.p, note.n, NULL))
		return false;
	for (size_t i = 0; i < note.n; i++)
		if ((uint8_t)note.p[i] < ' ' && note.p[i] != '\n')
			return false;
	return true;
}

/* The last empty line parts the text from its signatures. */
static int note_split(struct sy_str note, struct sy_str *body, struct sy_str *signatures)
{
	if (note.n > SY_NOTE_MAX)
		return SY_ETOOBIG;
	if (!note_text_ok(note))
		return SY_EINVAL;
	for (size_t end = note.n - 1; end > 0; end--) {
		if (note.p[end] != '\n' || note.p[end - 1] != '\n')
			continue;
		*body = (struct sy_str){note.p, end};
		*signatures = skip(note, end + 1);
		return signatures->n ? SY_OK : SY_EINVAL;
	}
	return SY_EINVAL;
}

/* DASH name SPACE base64(id || signature) */
static bool signature_parse(struct sy_str line, struct signature *out)
{
	uint8_t head[6]; /* of two base64 groups */
	size_t n;
	if (!take(&line, DASH))
		return false;
	const char *space = line.n ? memchr(line.p, ' ', line.n) : NULL;
	if (space == NULL)
		return false;
	out->name = (struct sy_str){line.p, (size_t)(space - line.p)};
	out->blob = skip(line, out->name.n + 1);
	if (!sy_key_name_ok(out->name) || sy_unbase64(out->blob, NULL, SIZE_MAX, &n) != SY_OK ||
	    n <= ID_SIZE)
		return false;
	(void)!sy_unbase64((struct sy_str){out->blob.p, 8}, head, sizeof head, &n);
	out->id = sy_get32(head);
	return true;
}

static int signature_verify(const struct signature *s, struct sy_str body,
			    const struct sy_vkey *key)
{
	uint8_t blob[ID_SIZE + SY_SIG_SIZE];
	if (sy_unbase64_exact(s->blob, blob, sizeof blob) != SY_OK)
		return SY_ESIG;
	return sy_verify(key->key, body.p, body.n, blob + ID_SIZE);
}

/* Reads every signature line; those of KEY, which may be NULL, must all hold. */
static int note_read(struct sy_str note, const struct sy_vkey *key, struct sy_str *body)
{
	struct sy_str rest, line;
	struct signature s;
	bool bad = false, found = false;

	int err = note_split(note, body, &rest);
	if (err)
		return err;
	while (sy_str_line(&rest, &line)) {
		if (!signature_parse(line, &s))
			return SY_EINVAL;
		if (key == NULL || s.id != key->id || !sy_str_is(s.name, key->name))
			continue;
		found = true;
		bad |= signature_verify(&s, *body, key) != SY_OK;
	}
	if (key == NULL)
		return SY_OK;
	return bad ? SY_ESIG : found ? SY_OK : SY_ENOTFOUND;
}

int sy_note_verify(struct sy_str note, const struct sy_vkey *key, struct sy_str *body)
{
	struct sy_str text;
	int err = note_read(note, key, &text);
	if (err == SY_OK && body)
		*body = text;
	return err;
}

/* --- checkpoints ---------------------------------------------------------------------------- */

int sy_checkpoint_sign(const struct sy_signer *log, struct sy_str origin, uint64_t size,
		       const sy_hash *root, struct sy_buf *out)
{
	uint8_t blob[ID_SIZE + SY_SIG_SIZE];
	size_t start = out->n;

	if (sy_origin_check(origin) != SY_OK)
		return SY_EINVAL;
	sy_buf_str(out, origin);
	sy_buf_byte(out, '\n');
	sy_buf_u64(out, size);
	sy_buf_byte(out, '\n');
	sy_buf_base64(out, root->b, SY_HASH_SIZE);
	sy_buf_byte(out, '\n');
	if (out->failed)
		return SY_ENOMEM;

	sy_put32(blob, sy_key_id(origin, log->key));
	sy_sign(log, out->p + start, out->n - start, blob + ID_SIZE);
	sy_buf_text(out, "\n" DASH);
	sy_buf_str(out, origin);
	sy_buf_byte(out, ' ');
	sy_buf_base64(out, blob, sizeof blob);
	sy_buf_byte(out, '\n');
	return out->failed ? SY_ENOMEM : SY_OK;
}

int sy_checkpoint_parse(struct sy_str note, struct sy_checkpoint *out)
{
	struct sy_str rest, size, root;
	struct sy_checkpoint c = {.note = note};

	int err = note_read(note, NULL, &c.body);
	if (err)
		return err;
	rest = c.body;
	if (!sy_str_line(&rest, &c.origin) || !sy_str_line(&rest, &size) ||
	    !sy_str_line(&rest, &root) || rest.n)
		return SY_EINVAL;
	if (sy_origin_check(c.origin) != SY_OK)
		return SY_EINVAL;
	if ((err = sy_str_u64(size, &c.size)) || (err = sy_unbase64_exact(root, c.root.b, 32)))
		return err;
	*out = c;
	return SY_OK;
}

int sy_checkpoint_verify(const struct sy_checkpoint *c, const struct sy_vkey *log)
{
	if (!sy_str_is(c->origin, log->name))
		return SY_EORIGIN;
	int err = sy_note_verify(c->note, log, NULL);
	return err == SY_ENOTFOUND ? SY_ESIG : err;
}

/* --- proofs --------------------------------------------------------------------------------- */

/* Base64 that anybody may have put beside the proof: checked for form, never used. */
static int extra_skip(struct sy_str *rest, struct sy_str *line)
{
	struct sy_str text = *line;
	size_t n;
	if (!take(&text, "extra "))
		return SY_OK;
	if (sy_unbase64(text, NULL, SIZE_MAX, &n) != SY_OK)
		return SY_EBASE64;
	return sy_str_line(rest, line) ? SY_OK : SY_EINVAL;
}

int sy_tlog_proof_parse(struct sy_str text, struct sy_tlog_proof *out)
{
	struct sy_str rest = text, line;

	out->path.n = 0;
	if (!sy_str_line(&rest, &line) || !sy_str_is(line, PROOF_HEAD) ||
	    !sy_str_line(&rest, &line))
		return SY_EINVAL;
	int err = extra_skip(&rest, &line);
	if (err)
		return err;
	if (!take(&line, "index "))
		return SY_EINVAL;
	if ((err = sy_str_u64(line, &out->index)))
		return err;
	for (;;) {
		if (!sy_str_line(&rest, &line))
			return SY_EINVAL;
		if (line.n == 0)
			break;
		if (out->path.n == SY_PATH_MAX)
			return SY_EINVAL;
		if ((err = sy_unbase64_exact(line, out->path.h[out->path.n++].b, SY_HASH_SIZE)))
			return err;
	}
	out->checkpoint = rest;
	return rest.n ? SY_OK : SY_EINVAL;
}

void sy_tlog_proof_format(uint64_t index, const struct sy_path *path, struct sy_str checkpoint,
			  struct sy_buf *out)
{
	sy_buf_text(out, PROOF_HEAD "\nindex ");
	sy_buf_u64(out, index);
	sy_buf_byte(out, '\n');
	for (unsigned i = 0; i < path->n; i++) {
		sy_buf_base64(out, path->h[i].b, SY_HASH_SIZE);
		sy_buf_byte(out, '\n');
	}
	sy_buf_byte(out, '\n');
	sy_buf_str(out, checkpoint);
}
