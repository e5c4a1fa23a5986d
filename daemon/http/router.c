#include "inside.h"

#include <stdio.h>

static const struct {
	enum http_method method;
	const char *name;
} names[] = {
    {HTTP_GET, "GET"}, {HTTP_HEAD, "HEAD"},     {HTTP_POST, "POST"},
    {HTTP_PUT, "PUT"}, {HTTP_DELETE, "DELETE"},
};

/* The end of the "{...}" at P: its closing brace. */
static const char *brace(const char *p)
{
	return strchr(p, '}');
}

static const char *check_pattern(const char *p)
{
	unsigned params = 0;
	if (*p != '/')
		return "a route's pattern begins with a slash";
	for (const char *at = p; (at = strchr(at, '{')) != NULL; at++) {
		const char *end = brace(at);
		if (end == NULL || at[-1] != '/' || (end[1] != '\0' && end[1] != '/'))
			return "a route's parameter is a whole segment";
		if (end[-1] == '*' && end[1] != '\0')
			return "a route's {name*} stands last";
		if (++params > HTTP_PARAMS)
			return "a route has more than four parameters";
	}
	return NULL;
}

const char *router_check(const struct http_route *routes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *why = check_pattern(routes[i].pattern);
		if (why != NULL)
			return why;
		if (routes[i].methods == 0 || routes[i].handle == NULL)
			return "a route has no method or no handler";
	}
	return NULL;
}

static bool match(const char *pat, struct sy_str path, struct sy_str *raw, size_t *n)
{
	*n = 0;
	for (; *pat != '\0'; pat++) {
		if (*pat != '{') {
			if (path.n == 0 || *path.p != *pat)
				return false;
			path.p++, path.n--;
			continue;
		}
		pat = brace(pat);
		const char *slash = path.n > 0 ? memchr(path.p, '/', path.n) : NULL;
		size_t len = slash != NULL ? (size_t)(slash - path.p) : path.n;
		if (pat[-1] == '*')
			len = path.n;
		else if (len == 0)
			return false;
		raw[(*n)++] = (struct sy_str){path.p, len};
		path.p += len, path.n -= len;
	}
	return path.n == 0;
}

static int decode_params(struct http_exchange *x, const struct sy_str *raw, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int err = http_decode(&x->arena, raw[i], &x->req.param[i]);
		if (err != SY_OK)
			return sy_http_status(err);
	}
	x->req.n_params = n;
	return 0;
}

int router_find(const struct http_server *s, struct http_exchange *x, unsigned *allow)
{
	struct sy_str raw[HTTP_PARAMS];
	size_t n;
	*allow = 0;
	for (size_t i = 0; i < s->o.n_routes; i++) {
		const struct http_route *r = &s->o.routes[i];
		if (!match(r->pattern, x->req.path, raw, &n))
			continue;
		unsigned methods = r->methods | (r->methods & HTTP_GET ? HTTP_HEAD : 0);
		if (methods & x->req.method) {
			x->route = r;
			return decode_params(x, raw, n);
		}
		*allow |= methods;
	}
	return *allow != 0 ? 405 : 404;
}

void router_allow(unsigned methods, char *out, size_t size)
{
	size_t n = 0;
	out[0] = '\0';
	for (size_t i = 0; i < sizeof names / sizeof names[0] && n < size; i++)
		if (methods & names[i].method)
			n += (size_t)snprintf(out + n, size - n, "%s%s", n > 0 ? ", " : "",
					      names[i].name);
}

/* --- what a handler asks of its request --------------------------------------------------------
 */

const struct http_request *http_request(const struct http_exchange *x)
{
	return &x->req;
}

struct sy_arena *http_arena(struct http_exchange *x)
{
	return &x->arena;
}

struct sy_str http_header_of(const struct http_exchange *x, const char *name)
{
	for (size_t i = 0; i < x->req.n_headers; i++)
		if (http_same(x->req.headers[i].name, name))
			return x->req.headers[i].value;
	return (struct sy_str){"", 0};
}

/* The bytes up to STOP, which is passed over. */
static struct sy_str cut(struct sy_str *rest, char stop)
{
	const char *at = rest->n > 0 ? memchr(rest->p, stop, rest->n) : NULL;
	struct sy_str head = {rest->p, at != NULL ? (size_t)(at - rest->p) : rest->n};
	size_t n = head.n + (at != NULL);
	rest->p += n, rest->n -= n;
	return head;
}

int http_query(struct http_exchange *x, const char *name, unsigned nth, struct sy_str *out)
{
	for (struct sy_str rest = x->req.query; rest.n > 0;) {
		struct sy_str value = cut(&rest, '&'), key = cut(&value, '=');
		int err = http_decode(&x->arena, key, &key);
		if (err == SY_ENOMEM)
			return err;
		if (err == SY_OK && sy_str_is(key, name) && nth-- == 0)
			return http_decode(&x->arena, value, out);
	}
	return SY_ENOTFOUND;
}
