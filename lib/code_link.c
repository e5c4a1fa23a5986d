/* GS1 Digital Link URIs of any host and stem, GS1 Digital Link URI Syntax 1.4. */
#include "code_impl.h"

struct link_pair {
	struct ai_code ai;
	struct sy_str value; /* decoded */
};

struct link {
	struct sy_str host, path, query;
	struct link_pair pairs[ELEMENTS_MAX]; /* from the right: the key comes last */
	size_t n;
};

static bool is_one_of(char c, const char *stops)
{
	while (*stops != '\0' && *stops != c)
		stops++;
	return *stops != '\0';
}

/* Up to the first of STOPS, which stays in REST. */
static struct sy_str until(struct sy_str *rest, const char *stops)
{
	struct sy_str s = {rest->p, 0};
	while (s.n < rest->n && !is_one_of(rest->p[s.n], stops))
		s.n++;
	*rest = sy_text_from(*rest, s.n);
	return s;
}

static void split_uri(struct sy_str text, struct link *l)
{
	struct sy_str rest = sy_text_from(text, sy_uri_scheme(text) + 3);
	l->host = until(&rest, "/?#");
	l->path = until(&rest, "?#");
	l->query = until(&rest, "#");
	l->query = sy_text_from(l->query, l->query.n > 0);
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

/*
 * Pairs from the right until a primary key: so the rightmost key wins, and a lot named "01" is no
 * key.  False when this is no Digital Link at all.
 */
static bool find_key(struct code_reader *r, struct link *l, bool must)
{
	struct sy_str path = l->path, segment, value;
	if (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	while (l->n < ELEMENTS_MAX && last_segment(&path, &value) &&
	       last_segment(&path, &segment)) {
		struct link_pair *pair = &l->pairs[l->n];
		char name[8];
		pair->ai = sy_ai_exact(segment);
		if (pair->ai.row == NULL)
			return false;
		sy_ai_name(pair->ai, name);
		if (!sy_code_decode(r, name, value, &pair->value))
			return true;
		l->n++;
		if (pair->ai.row->key != SY_CODE_NONE)
			return must || sy_ai_plausible(pair->ai, pair->value);
	}
	return false;
}

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

static void take_pairs(struct code_reader *r, const struct link *l)
{
	const struct ai_code key = l->pairs[l->n - 1].ai;
	char key_name[8], name[8];
	const char *at = NULL;
	sy_ai_name(key, key_name);
	for (size_t i = l->n; i-- > 0;) {
		struct ai_code ai = l->pairs[i].ai;
		sy_ai_name(ai, name);
		if (i + 1 < l->n && !in_order(key.row->quals, ai.number, &at))
			sy_code_fault(
			    r, SY_EINVAL, "%s can't stand here after %s, expected %s in this order",
			    name, key_name, key.row->quals[0] ? key.row->quals : "nothing");
		else
			sy_ai_take(r, ai, l->pairs[i].value);
	}
}

/* Other AIs stand in the query; what isn't an AI there is somebody else's. */
static void take_query(struct code_reader *r, struct sy_str query)
{
	while (query.n > 0) {
		struct sy_str value = until(&query, "&;"), decoded;
		struct sy_str name = until(&value, "=");
		query = sy_text_from(query, query.n > 0);
		struct ai_code ai = sy_ai_exact(name);
		if (ai.row == NULL || ai.row->key != SY_CODE_NONE || value.n == 0)
			continue;
		char shown[8];
		sy_ai_name(ai, shown);
		if (sy_code_decode(r, shown, sy_text_from(value, 1), &decoded))
			sy_ai_take(r, ai, decoded);
	}
}

void sy_code_read_link(struct code_reader *r, struct sy_str text)
{
	struct link l;
	l.n = 0;
	split_uri(text, &l);
	bool of_gs1 = l.host.n == strlen("id.gs1.org") && sy_text_starts(l.host, "id.gs1.org");
	bool is_link = find_key(r, &l, of_gs1);
	if (r->n_faults > 0)
		return;
	if (is_link) {
		take_pairs(r, &l);
		take_query(r, l.query);
		sy_code_assemble(r);
	} else if (of_gs1) {
		sy_code_fault(r, SY_EINVAL,
			      "no GS1 key in the path, expected for example "
			      "/01/, a GTIN of 14 digits, /10/ and a lot");
	} else {
		sy_code_read_private(r, text);
	}
}
