#include <suyuan/error.h>
#include <suyuan/submission.h>
#include <suyuan/tree.h>

#include <stdarg.h>

int sy_record_parse(struct sy_arena *arena, struct sy_str payload, struct sy_json_doc *doc,
		    struct sy_json_fault *fault)
{
	return sy_json_parse(arena, payload, SY_JSON_RECORD, doc, fault);
}

/* --- reading -------------------------------------------------------------------------------- */

#define AT(member) offsetof(struct sy_submission, member)

static const struct member {
	const char *pointer; /* a slash and the name */
	size_t offset;
	size_t size;       /* of what base64 gives; 0 for a number */
	uint32_t min, max; /* of a number */
} members[] = {
    {"/author", AT(author), .size = SY_KEY_SIZE},
    {"/count", AT(count), .min = 1, .max = SY_RECORDS_MAX},
    {"/salt", AT(salt), .size = 32},
    {"/deadline", AT(deadline), .min = 1, .max = UINT32_MAX},
    {"/signature", AT(signature), .size = SY_SIG_SIZE},
};

#define N_MEMBERS (sizeof members / sizeof *members)

/* The first error, but that memory was out before all others. */
static int worse(int err, int other)
{
	return err == SY_OK || other == SY_ENOMEM ? other : err;
}

/* Adds a fault in the language that was asked for; both take the same arguments. */
static void submission_fault(struct sy_faults *faults, int status, long record, const char *pointer,
			     const char *english, const char *chinese, ...)
    __attribute__((format(printf, 5, 7), format(printf, 6, 7)));

static void submission_fault(struct sy_faults *faults, int status, long record, const char *pointer,
			     const char *english, const char *chinese, ...)
{
	va_list args;
	va_start(args, chinese);
	sy_fault_vadd(faults, status, record, pointer, NULL, faults->chinese ? chinese : english,
		      args);
	va_end(args);
}

static int read_base64(struct sy_arena *arena, const struct sy_json_doc *doc,
		       const struct sy_json *v, const struct member *m, void *out,
		       struct sy_faults *faults)
{
	struct sy_str text;
	int err = sy_json_string(doc, v, arena, &text);
	if (err == SY_OK)
		err = sy_unbase64_exact(text, out, m->size);
	if (err && err != SY_ENOMEM)
		submission_fault(faults, 400, SY_NO_RECORD, m->pointer,
				 "expected %zu bytes in canonical padded base64",
				 "应为 %zu 字节，规范的带填充 base64", m->size);
	return err;
}

static int read_number(const struct sy_json_doc *doc, const struct sy_json *v,
		       const struct member *m, uint32_t *out, struct sy_faults *faults)
{
	uint64_t n;
	if (sy_json_u64(doc, v, &n) == SY_OK && n >= m->min && n <= m->max) {
		*out = (uint32_t)n;
		return SY_OK;
	}
	submission_fault(faults, 400, SY_NO_RECORD, m->pointer,
			 "expected a whole number from %u to %u", "应为 %u 至 %u 的整数", m->min,
			 m->max);
	return SY_EINVAL;
}

static int read_member(struct sy_arena *arena, const struct sy_json_doc *doc,
		       const struct member *m, struct sy_submission *out, struct sy_faults *faults)
{
	const struct sy_json *v = sy_json_get(doc, sy_json_root(doc), m->pointer + 1);
	void *to = (char *)out + m->offset;
	if (v == NULL) {
		submission_fault(faults, 400, SY_NO_RECORD, m->pointer, "missing in the envelope",
				 "信封中缺少此项");
		return SY_EINVAL;
	}
	if (m->size == 0)
		return read_number(doc, v, m, to, faults);
	return read_base64(arena, doc, v, m, to, faults);
}

/* A member that the signature doesn't cover and nobody reads is a misunderstanding. */
static int refuse_others(struct sy_arena *arena, const struct sy_json_doc *doc,
			 struct sy_faults *faults)
{
	const struct sy_json *v;
	int err = SY_OK;
	sy_json_each (doc, sy_json_root(doc), v) {
		size_t i = 0;
		while (i < N_MEMBERS && !sy_json_key_is(doc, v, members[i].pointer + 1))
			i++;
		if (i < N_MEMBERS)
			continue;
		const char *pointer = sy_json_pointer(doc, v, arena);
		if (pointer == NULL)
			return SY_ENOMEM;
		submission_fault(faults, 400, SY_NO_RECORD, pointer,
				 "unknown in an envelope, which has author, count, salt, "
				 "deadline, signature",
				 "信封中没有此项：应为 author、count、salt、deadline、signature");
		err = SY_EINVAL;
	}
	return err;
}

/* What a record that isn't sound can be. */
static const char *chinese_error(int err)
{
	switch (err) {
	case SY_EUTF8:
		return "不是有效的 UTF-8";
	case SY_ETOOBIG:
		return "过大";
	default:
		return "不是有效的 JSON";
	}
}

static int json_fault(struct sy_faults *faults, long record, const struct sy_json_fault *f)
{
	if (f->err != SY_ENOMEM)
		submission_fault(faults, sy_http_status(f->err), record, f->pointer,
				 "%s: expected %s at byte %zu", "%s：应为 %s，第 %zu 字节",
				 faults->chinese ? chinese_error(f->err) : sy_strerror(f->err),
				 f->detail, f->offset);
	return f->err;
}

static int read_envelope(struct sy_arena *arena, struct sy_str line, struct sy_submission *out,
			 struct sy_faults *faults)
{
	struct sy_json_doc doc;
	struct sy_json_fault fault;
	if (line.n > SY_ENVELOPE_MAX) {
		submission_fault(faults, 413, SY_NO_RECORD, "",
				 "the envelope line has %zu bytes; at most %d",
				 "信封行有 %zu 字节：应至多 %d", line.n, SY_ENVELOPE_MAX);
		return SY_ETOOBIG;
	}
	if (sy_json_parse(arena, line, SY_JSON_RECORD, &doc, &fault) != SY_OK)
		return json_fault(faults, SY_NO_RECORD, &fault);
	int err = SY_OK;
	for (size_t i = 0; i < N_MEMBERS; i++)
		err = worse(err, read_member(arena, &doc, &members[i], out, faults));
	return worse(err, refuse_others(arena, &doc, faults));
}

static size_t count_lines(struct sy_str rest)
{
	struct sy_str line;
	size_t n = 0;
	while (sy_str_line(&rest, &line))
		n++;
	return n;
}

static int check_sizes(struct sy_str rest, size_t lines, struct sy_faults *faults)
{
	size_t bytes = rest.n + (rest.n > 0 && rest.p[rest.n - 1] != '\n');
	if (bytes > SY_BODY_RECORDS_MAX)
		submission_fault(faults, 413, SY_NO_RECORD, "",
				 "the records have %zu bytes with their LFs; at most %d",
				 "记录连同换行有 %zu 字节：应至多 %d", bytes, SY_BODY_RECORDS_MAX);
	if (lines > SY_RECORDS_MAX)
		submission_fault(faults, 413, SY_NO_RECORD, "", "%zu record lines; at most %d",
				 "%zu 行记录：应至多 %d", lines, SY_RECORDS_MAX);
	return bytes > SY_BODY_RECORDS_MAX || lines > SY_RECORDS_MAX ? SY_ETOOBIG : SY_OK;
}

static int split(struct sy_arena *arena, struct sy_str rest, struct sy_submission *out,
		 struct sy_faults *faults)
{
	size_t lines = count_lines(rest);
	uint32_t said = out->count;
	out->count = 0;
	int err = check_sizes(rest, lines, faults);
	if (err)
		return err;
	if ((out->records = sy_arena_calloc(arena, lines, sizeof *out->records)) == NULL)
		return SY_ENOMEM;
	out->count = (uint32_t)lines;
	if (said > 0 && said != lines) {
		submission_fault(faults, 400, SY_NO_RECORD, "/count",
				 "says %u; the body has %zu record lines",
				 "为 %u，但正文有 %zu 行记录", said, lines);
		err = SY_EINVAL;
	}
	for (size_t i = 0; i < lines; i++) {
		sy_str_line(&rest, &out->records[i]);
		if (out->records[i].n > 0)
			continue;
		submission_fault(faults, 400, (long)i, "",
				 "an empty line; a record is a JSON object on one line",
				 "空行：一条记录应为一行 JSON 对象");
		err = SY_EINVAL;
	}
	return err;
}

int sy_submission_parse(struct sy_arena *arena, struct sy_str body, struct sy_submission *out,
			struct sy_faults *faults)
{
	struct sy_str line;
	*out = (struct sy_submission){.broken = true};
	if (!sy_str_line(&body, &line)) {
		submission_fault(faults, 400, SY_NO_RECORD, "",
				 "an empty body; expected an envelope line and record lines",
				 "正文为空：应为信封行和记录行");
		return SY_EINVAL;
	}
	int err = read_envelope(arena, line, out, faults);
	if (err != SY_ENOMEM)
		err = worse(err, split(arena, body, out, faults));
	out->broken = err != SY_OK;
	return err;
}

/* --- checking ------------------------------------------------------------------------------- */

static void hash_records(struct sy_submission *s)
{
	enum { SOME = 32 };
	struct sy_opened v[SOME];

	for (uint32_t first = 0; first < s->count; first += SOME) {
		uint32_t n = s->count - first < SOME ? s->count - first : SOME;
		for (uint32_t i = 0; i < n; i++) {
			sy_record_salt(s->salt, first + i, v[i].salt);
			v[i].payload = s->records[first + i];
		}
		sy_record_leaves(v, n);
		for (uint32_t i = 0; i < n; i++) {
			memcpy(s->salts[first + i], v[i].salt, SY_SALT_SIZE);
			s->leaves[first + i] = v[i].leaf;
		}
	}
}

static int check_records(struct sy_budget *budget, struct sy_submission *s,
			 struct sy_faults *faults)
{
	struct sy_arena one = {.budget = budget};
	int err = SY_OK;
	hash_records(s);
	for (uint32_t i = 0; i < s->count && err != SY_ENOMEM; i++) {
		struct sy_json_doc doc;
		struct sy_json_fault fault;
		sy_arena_reset(&one);
		if (s->records[i].n == 0) /* told when the body was split */
			continue;
		if (sy_record_parse(&one, s->records[i], &doc, &fault) != SY_OK)
			err = worse(err, json_fault(faults, (long)i, &fault));
	}
	sy_arena_free(&one);
	return err;
}

static int check_signature(struct sy_str origin, const struct sy_submission *s,
			   struct sy_faults *faults)
{
	char statement[SY_STATEMENT_MAX];
	size_t n =
	    sy_submission_statement(origin, s->count, &s->records_root, s->deadline, statement);
	if (n == 0)
		return SY_EORIGIN;
	int err = sy_verify(s->author, statement, n, s->signature);
	if (err)
		submission_fault(faults, 401, SY_NO_RECORD, "/signature",
				 "the signature does not verify; it covers the origin (here %.*s), "
				 "count, deadline, and every byte of the records under the salt",
				 "签名不成立；它涵盖账本名称（此处为 %.*s）、count、deadline "
				 "以及盐下记录的每个字节",
				 (int)origin.n, origin.p);
	return err;
}

int sy_submission_check(struct sy_arena *arena, struct sy_str origin, struct sy_submission *s,
			struct sy_faults *faults)
{
	s->leaves = sy_arena_calloc(arena, s->count, sizeof *s->leaves);
	s->salts = sy_arena_calloc(arena, s->count, sizeof *s->salts);
	if (!s->leaves || !s->salts)
		return SY_ENOMEM;
	int err = check_records(arena->budget, s, faults);
	if (err == SY_ENOMEM)
		return err;
	sy_leaves_root(s->leaves, s->count, &s->records_root);
	return worse(err, s->broken ? SY_EINVAL : check_signature(origin, s, faults));
}

/* --- making --------------------------------------------------------------------------------- */

/* What the ledger would refuse is never signed. */
static int check_payloads(const struct sy_str *payloads, size_t n)
{
	struct sy_arena arena = {0};
	size_t bytes = 0;
	int err = n == 0 ? SY_EINVAL : n > SY_RECORDS_MAX ? SY_ETOOBIG : SY_OK;
	for (size_t i = 0; err == SY_OK && i < n; i++) {
		struct sy_json_doc doc;
		bytes += payloads[i].n + 1;
		err = sy_record_parse(&arena, payloads[i], &doc, NULL);
		sy_arena_reset(&arena);
	}
	sy_arena_free(&arena);
	return err == SY_OK && bytes > SY_BODY_RECORDS_MAX ? SY_ETOOBIG : err;
}

static int records_root(const uint8_t s[32], const struct sy_str *payloads, size_t n, sy_hash *root)
{
	struct sy_arena arena = {0};
	sy_hash *leaves = sy_arena_calloc(&arena, n, sizeof *leaves);
	for (uint32_t i = 0; leaves && i < n; i++) {
		uint8_t salt[SY_SALT_SIZE];
		sy_record_salt(s, i, salt);
		sy_record_leaf(salt, payloads[i], &leaves[i]);
	}
	if (leaves)
		sy_leaves_root(leaves, n, root);
	sy_arena_free(&arena);
	return leaves ? SY_OK : SY_ENOMEM;
}

static void put_envelope(struct sy_buf *out, const struct sy_submission *s)
{
	struct sy_jw w;
	sy_jw_init(&w, out);
	sy_jw_object(&w);
	sy_jw_key(&w, "author");
	sy_jw_base64(&w, s->author, sizeof s->author);
	sy_jw_kv_u64(&w, "count", s->count);
	sy_jw_key(&w, "salt");
	sy_jw_base64(&w, s->salt, sizeof s->salt);
	sy_jw_kv_u64(&w, "deadline", s->deadline);
	sy_jw_key(&w, "signature");
	sy_jw_base64(&w, s->signature, sizeof s->signature);
	sy_jw_end(&w, '}');
	sy_buf_byte(out, '\n');
}

int sy_submission_make(const struct sy_signer *signer, const uint8_t salt_key[32],
		       struct sy_str origin, const struct sy_str *payloads, size_t n,
		       uint32_t deadline, struct sy_buf *out, sy_hash *root)
{
	struct sy_submission s = {.count = (uint32_t)n, .deadline = deadline};
	char statement[SY_STATEMENT_MAX];
	int err = check_payloads(payloads, n);
	if (err)
		return err;
	memcpy(s.author, signer->key, sizeof s.author);
	sy_submission_salt(salt_key, origin, payloads, n, s.salt);
	if ((err = records_root(s.salt, payloads, n, &s.records_root)) != SY_OK)
		return err;
	size_t length =
	    sy_submission_statement(origin, s.count, &s.records_root, deadline, statement);
	if (length == 0)
		return SY_EORIGIN;
	sy_sign(signer, statement, length, s.signature);
	put_envelope(out, &s);
	for (size_t i = 0; i < n; i++) {
		sy_buf_str(out, payloads[i]);
		sy_buf_byte(out, '\n');
	}
	if (root)
		*root = s.records_root;
	return out->failed ? SY_ENOMEM : SY_OK;
}
