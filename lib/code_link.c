/*
 * GS1 Digital Link URIs of any host and stem: GS1 Digital Link Standard: URI Syntax 1.4 and later.
 *
 * What looks like one but isn't by the standard is refused rather than kept as a private URI: a
 * key behind one of the short names of version 1.1 ("/gtin/"), a key that a single segment
 * follows (so a partly compressed link looks), an AI in the query that belongs in the path.  A
 * wholly compressed link is known at id.gs1.org only; elsewhere it looks like any other page.
 */
#include "code_impl.h"

struct link_pair {
	struct ai_code ai;
	struct sy_str value; /* as written */
};

struct link {
	struct sy_str authority, path, query;
	struct link_pair pairs[ELEMENTS_MAX]; /* from the right: the key comes last */
	size_t n;
};

static void split_uri(struct sy_str text, struct link *l)
{
	struct sy_str rest = sy_text_from(text, sy_uri_scheme(text) + 3);
	l->query = sy_text_cut(&rest, '#', NULL);
	l->path = sy_text_cut(&l->query, '?', NULL);
	l->authority = l->path;
	l->authority = sy_text_cut(&l->path, '/', NULL);
	/* The slash belongs to the path. */
	if (l->path.p > text.p && l->path.p[-1] == '/')
		l->path = (struct sy_str){l->path.p - 1, l->path.n + 1};
	if (l->path.n > 1 && l->path.p[l->path.n - 1] == '/')
		l->path.n--;
}

static bool last_segment(struct sy_str *path, struct sy_str *segment)
{
	const char *slash = path->n ? memrchr(path->p, '/', path->n) : NULL;
	if (slash == NULL)
		return false;
	size_t at = (size_t)(slash - path->p);
	*segment = sy_text_from(*path, at + 1);
	path->n = at;
	return true;
}

static bool plausible(struct ai_code ai, struct sy_str coded)
{
	char value[128]; /* no key is as long */
	size_t bad;
	if (coded.n == 0 || memchr(coded.p, '%', coded.n) == NULL)
		return sy_ai_plausible(ai, coded);
	if (coded.n > sizeof value)
		return false;
	size_t n = sy_text_decode(coded, value, &bad);
	return bad == coded.n && sy_ai_plausible(ai, (struct sy_str){value, n});
}

/*
 * Pairs from the right until a primary key: so the rightmost key wins, and a lot named "01" is no
 * key.  False when this is no Digital Link at all.
 */
static bool find_key(struct link *l, struct sy_str path, bool must)
{
	struct sy_str segment, value;
	l->n = 0;
	while (l->n < ELEMENTS_MAX && last_segment(&path, &value) &&
	       last_segment(&path, &segment)) {
		struct link_pair *pair = &l->pairs[l->n];
		pair->ai = sy_ai_exact(segment);
		pair->value = value;
		if (pair->ai.row == NULL)
			return false;
		l->n++;
		if (pair->ai.row->key != SY_CODE_NONE)
			return must || plausible(pair->ai, value);
	}
	return false;
}

/* --- a link ----------------------------------------------------------------------------------- */

/*
 * Is NUMBER a qualifier of LIST, "22,10,21|235"?  The first picks its alternative; *AT, NULL before
 * it, is where the next may follow.
 */
static bool in_order(const char *list, unsigned number, const char **at)
{
	const char *p = *at ? *at : list;
	while (*p != '\0' && (*at == NULL || *p != '|')) {
		p += *p == ',' || *p == '|';
		size_t n = strcspn(p, ",|");
		if (sy_ai_exact((struct sy_str){p, n}).number == number) {
			*at = p + n;
			return true;
		}
		p += n;
	}
	return false;
}

static void fault_of_order(struct code_reader *r, struct ai_code key, const struct link_pair *pair)
{
	char key_name[8], name[8];
	const char *quals = key.row->quals;
	sy_ai_name(key, key_name);
	sy_ai_name(pair->ai, name);
	sy_code_fault(r, SY_EINVAL, sy_spot(pair->value),
		      "%s can't stand here after %s, expected %s in this order, character %zu",
		      "%s不能在此处跟在%s之后，应按次序为%s，第%zu位", name, key_name,
		      quals[0]     ? quals
		      : r->chinese ? "无"
				   : "nothing",
		      sy_code_given_no(r, pair->value.p));
}

static void take_coded(struct code_reader *r, struct ai_code ai, struct sy_str coded)
{
	char name[8];
	struct sy_str value;
	sy_ai_name(ai, name);
	r->value = (struct written){coded, '%'};
	if (sy_code_decode(r, (struct words){name, name}, coded, &value))
		sy_ai_take(r, ai, value);
}

static void take_pairs(struct code_reader *r, const struct link *l)
{
	const struct ai_code key = l->pairs[l->n - 1].ai;
	const char *at = NULL;
	for (size_t i = l->n; i-- > 0 && !sy_code_enough(r);) {
		const struct link_pair *pair = &l->pairs[i];
		if (i + 1 < l->n && !in_order(key.row->quals, pair->ai.number, &at))
			fault_of_order(r, key, pair);
		else
			take_coded(r, pair->ai, pair->value);
		if (i + 1 == l->n && r->n > 0)
			r->key = &r->elements[0];
	}
}

static void fault_of_query(struct code_reader *r, struct ai_code ai, struct sy_str name)
{
	char shown[8];
	sy_ai_name(ai, shown);
	sy_code_fault(r, SY_EINVAL, sy_spot(name),
		      "%s can't stand in a link's query, expected in its path behind the key, "
		      "character %zu",
		      "%s不能在链接的查询部分，应在路径中主键之后，第%zu位", shown,
		      sy_code_given_no(r, name.p));
}

/* Other AIs stand in the query; what isn't an AI there is somebody else's. */
static void take_query(struct code_reader *r, struct sy_str query)
{
	while (query.n > 0 && !sy_code_enough(r)) {
		size_t n = 0;
		while (n < query.n && query.p[n] != '&' && query.p[n] != ';')
			n++;
		struct sy_str value = {query.p, n}, name = sy_text_cut(&value, '=', NULL);
		query = sy_text_from(query, n + (n < query.n));
		struct ai_code ai = sy_ai_exact(name);
		if (ai.row == NULL || name.n == n)
			continue;
		if (sy_code_rules(r) && !(ai.row->flags & AI_QUERY))
			fault_of_query(r, ai, name);
		else if (sy_code_rules(r) || ai.row->key == SY_CODE_NONE)
			take_coded(r, ai, value);
	}
}

/* [user@]host[:port], RFC 3986 section 3.2; hosts of any script. */
static void check_authority(struct code_reader *r, struct sy_str authority)
{
	const char *user = authority.n ? memrchr(authority.p, '@', authority.n) : NULL;
	struct sy_str host = authority, port = {"", 0};
	if (user != NULL)
		host = sy_text_from(authority, (size_t)(user + 1 - authority.p));
	const char *colon = host.n ? memrchr(host.p, ':', host.n) : NULL;
	if (colon != NULL && memchr(colon, ']', host.n - (size_t)(colon - host.p)) == NULL) {
		port = sy_text_from(host, (size_t)(colon + 1 - host.p));
		host.n = (size_t)(colon - host.p);
	}
	if (host.n == 0)
		sy_code_fault(r, SY_EINVAL, sy_spot(authority), "character %zu: expected a host",
			      "第%zu位：应为主机名", sy_code_given_no(r, host.p));
	if (port.n > 5 || (port.n > 0 && !sy_text_digits(port)))
		sy_code_fault(r, SY_EINVAL, sy_spot(port),
			      "character %zu: expected a port of at most 5 digits",
			      "第%zu位：应为至多5位数字的端口", sy_code_given_no(r, port.p));
}

/* --- what looks like one ---------------------------------------------------------------------- */

/* Short names of version 1.1, since withdrawn: keys whose check digit tells that they are meant,
 * and what may follow them. */
static const struct {
	const char *name, *ai;
} short_names[] = {
    {"gtin", "01"},   {"sscc", "00"},   {"gln", "414"},   {"party", "417"},
    {"grai", "8003"}, {"gdti", "253"},  {"gsrn", "8018"}, {"gsrnp", "8017"},
    {"gsin", "402"},  {"itip", "8006"}, {"gcn", "255"},   {"cpv", "22"},
    {"lot", "10"},    {"ser", "21"},    {"glnx", "254"},  {"srin", "8019"},
};

static struct ai_code short_or_ai(struct sy_str segment)
{
	for (size_t i = 0; i < sizeof short_names / sizeof short_names[0]; i++)
		if (sy_str_is(segment, short_names[i].name))
			return sy_ai_exact(sy_str(short_names[i].ai));
	return sy_ai_exact(segment);
}

/* Does the value hold, with its check digit?  A GTIN may be short, but eight digits are often a
 * date. */
static bool certain(struct ai_code ai, struct sy_str value)
{
	char gtin[15];
	struct misfit why;
	size_t at = ai.row->parts[0].checks[0] == CHECK_ZERO ? 1 : 0;
	if (ai.number == AI_GTIN)
		return value.n != 8 && sy_gtin_parse(value, gtin) == SY_OK;
	const struct ai_part *part = &ai.row->parts[at];
	return sy_ai_plausible(ai, value) && part->checks[0] == CHECK_CSUM &&
	       sy_check_holds(CHECK_CSUM, (struct sy_str){value.p + at, part->max}, &why);
}

static bool short_name(struct sy_str path, struct sy_str *name, struct ai_code *ai)
{
	struct sy_str value;
	while (last_segment(&path, &value) && last_segment(&path, name)) {
		*ai = short_or_ai(*name);
		if (ai->row == NULL)
			return false;
		if (ai->row->key != SY_CODE_NONE)
			return certain(*ai, value) && !sy_text_digits(*name);
	}
	return false;
}

/* A key in the path that holds, and one segment more. */
static bool odd_segment(struct link *l, struct sy_str *segment)
{
	struct sy_str path = l->path;
	return last_segment(&path, segment) && find_key(l, path, true) &&
	       certain(l->pairs[l->n - 1].ai, l->pairs[l->n - 1].value);
}

static bool is_compressed(struct sy_str path)
{
	struct sy_str segment;
	if (!last_segment(&path, &segment) || path.n > 0 || segment.n < 9)
		return false;
	for (size_t i = 0; i < segment.n; i++)
		if (!(sy_char_sets[(unsigned char)segment.p[i]] & SET_64) || segment.p[i] == '=')
			return false;
	return true;
}

/* True when it was refused. */
static bool refuse_lookalike(struct code_reader *r, struct link *l)
{
	struct sy_str segment;
	struct ai_code ai;
	char shown[8];
	if (short_name(l->path, &segment, &ai)) {
		sy_ai_name(ai, shown);
		sy_code_fault(r, SY_EINVAL, sy_spot(segment),
			      "character %zu: /%.*s/ is a short name that GS1 Digital Link no "
			      "longer has, expected the number of %s",
			      "第%zu位：/%.*s/ 是GS1数字链接已废止的短名，应为%s的数字",
			      sy_code_given_no(r, segment.p), (int)segment.n, segment.p, shown);
	} else if (odd_segment(l, &segment)) {
		sy_ai_name(l->pairs[l->n - 1].ai, shown);
		sy_code_fault(
		    r, SY_EINVAL, sy_spot(segment),
		    "character %zu: a single segment follows %s, expected pairs of an "
		    "application identifier and its value; compressed links aren't read",
		    "第%zu位：%s之后只有单个路径段，应为应用标识符与值成对；不支持压缩链接",
		    sy_code_given_no(r, segment.p), shown);
	} else {
		return false;
	}
	return true;
}

static void refuse_gs1(struct code_reader *r, const struct link *l)
{
	if (is_compressed(l->path))
		sy_code_fault(r, SY_EINVAL, sy_spot(l->path),
			      "a compressed GS1 Digital Link, which isn't read; expected it "
			      "uncompressed, such as /01/ and a GTIN of 14 digits",
			      "不支持压缩的GS1数字链接，应为未压缩形式，如 /01/ 加14位GTIN");
	else
		sy_code_fault(r, SY_EINVAL, sy_spot(l->path),
			      "no GS1 key in the path, expected for example "
			      "/01/, a GTIN of 14 digits, /10/ and a lot",
			      "路径中没有GS1主键，应例如 /01/、14位GTIN、/10/ 及批号");
}

void sy_code_read_link(struct code_reader *r, struct sy_str text)
{
	struct link l;
	split_uri(text, &l);
	bool of_gs1 =
	    l.authority.n == strlen("id.gs1.org") && sy_text_starts(l.authority, "id.gs1.org");
	if (find_key(&l, l.path, of_gs1)) {
		if (sy_code_rules(r))
			check_authority(r, l.authority);
		take_pairs(r, &l);
		take_query(r, l.query);
		sy_code_assemble(r);
	} else if (sy_code_rules(r) && refuse_lookalike(r, &l)) {
		return;
	} else if (of_gs1) {
		refuse_gs1(r, &l);
	} else {
		sy_code_read_private(r, text);
	}
}
