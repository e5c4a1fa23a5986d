/* What a recall is about: codes, a product's batches of some days, what was at a place in a time.
 */
#include <stdlib.h>

#include "admit/recall.h"

struct scope {
	const struct sy_json_doc *doc;
	const struct sy_json *root;
};

static struct scope scope_of(const struct sy_json_doc *doc)
{
	return (struct scope){doc, sy_json_get(doc, sy_json_root(doc), "scope")};
}

static struct sy_str said(struct check *c, const struct scope *s, const char *member)
{
	return text_of(c, s->doc, s->root, member);
}

/* --- whose it is ----------------------------------------------------------------------------- */

static bool is_authority(const struct check *c)
{
	return (c->author->roles & (ROLE_OPERATOR | ROLE_REGULATOR)) != 0;
}

/* Is the owner one whom the authority that speaks watches over?  What is nobody's may be said. */
static bool in_region(struct check *c, struct sy_str owner)
{
	if (owner.n == 0)
		return true;
	struct party *p = party_of(c, fact_of(c, FACT_PARTY, owner, NO_MORE), owner);
	return p && (!p->found || is_authority_over(c, p));
}

static bool denied(struct check *c, struct sy_str what, struct sy_str owner, const char *pointer)
{
	if (is_authority(c))
		fault(c, 403, pointer, "%.*s is of %.*s, which isn't of the author's region %.*s",
		      "%.*s 属于 %.*s，不在作者的地区 %.*s", TEXT(what), TEXT(owner),
		      TEXT(c->region));
	else
		fault(c, 403, pointer,
		      "%.*s isn't the author's own: expected its producer, an operator or a "
		      "regulator",
		      "%.*s 不属于作者：应由其生产者、运营者或监管部门提交", TEXT(what));
	return false;
}

/* Of a product the owner, the holder of its authorisation, or who may register it. */
static bool product_is_theirs(struct check *c, const struct sy_code *code, struct sy_str *owner)
{
	struct product *p = NULL;
	if (code->product.n > 0)
		p = product_of(c, fact_of(c, FACT_PRODUCT, code->product, NO_MORE), code->product);
	*owner = p && p->found ? p->owner : NO_MORE;
	if (is_authority(c))
		return in_region(c, *owner);
	if (!p || !(c->author->roles & ROLE_PRODUCER))
		return false;
	if (!p->found)
		*owner = product_holder(c, code, c->author);
	if (sy_str_eq(*owner, c->author->id))
		return true;
	return p->doc &&
	       sy_str_eq(text_of(c, p->doc, sy_json_root(p->doc), "holder"), c->author->id);
}

static bool place_is_theirs(struct check *c, struct sy_str place, struct sy_str *owner)
{
	struct register_row row;
	fact_of(c, FACT_PLACE, place, NO_MORE);
	int err = register_get(&c->r, REG_PLACE, place, &row);
	if (err && err != SY_ENOTFOUND && !c->err)
		c->err = err;
	*owner = err == SY_OK ? row.owner : place; /* a party, or nobody's */
	if (is_authority(c))
		return in_region(c, *owner);
	return (c->author->roles & ROLE_PRODUCER) && sy_str_eq(*owner, c->author->id);
}

/* --- one part each --------------------------------------------------------------------------- */

static bool item_judge(struct check *c, struct sy_str text, const char *pointer)
{
	struct sy_code code;
	struct sy_str owner;
	uint64_t id;
	if (sy_code_parse(c->arena, text, &code, c->faults, c->record, pointer) != SY_OK)
		return false;
	if (code.kind == SY_CODE_PRODUCT || code.kind == SY_CODE_PLACE) {
		fault(c, 422, pointer,
		      "%.*s names a %s: expected a lot, a unit or a container; products and places "
		      "are named as \"product\" and \"place\"",
		      "%.*s 表示的是 %s：应为批次、单品或容器；产品和地点应写在 \"product\" 和 "
		      "\"place\"",
		      TEXT(text), sy_code_kind_name(code.kind));
		return false;
	}
	if (index_item_id(&c->r, code.canonical, &id) == SY_ENOTFOUND)
		fault(c, 0, pointer, "%.*s isn't in the ledger yet: it is marked when it comes",
		      "%.*s 尚未登记：登记后即被标记", TEXT(text));
	if (!c->author || product_is_theirs(c, &code, &owner))
		return true;
	return denied(c, text, owner, pointer);
}

static bool items_judge(struct check *c, const struct scope *s)
{
	const struct sy_json *v;
	bool good = true;
	unsigned i = 0;
	sy_json_each (s->doc, sy_json_get(s->doc, s->root, "items"), v) {
		char pointer[32];
		struct sy_str text = {"", 0};
		snprintf(pointer, sizeof(pointer), "/scope/items/%u", i++);
		if (sy_json_string(s->doc, v, c->arena, &text) != SY_OK)
			return false;
		good = item_judge(c, text, pointer) && good;
	}
	return good;
}

static bool range_judge(struct check *c, const struct scope *s, const char *from, const char *to)
{
	struct sy_str a = said(c, s, from), b = said(c, s, to);
	int64_t first, last;
	char pointer[24];
	if (a.n == 0 || b.n == 0 || sy_moment_parse(a, false, &first) != SY_OK ||
	    sy_moment_parse(b, true, &last) != SY_OK || first <= last)
		return true;
	snprintf(pointer, sizeof(pointer), "/scope/%s", to);
	fault(c, 422, pointer, "%.*s lies before %.*s", "%.*s 早于 %.*s", TEXT(b), TEXT(a));
	return false;
}

static bool product_judge_scope(struct check *c, const struct scope *s)
{
	struct sy_str text = said(c, s, "product"), owner;
	struct sy_code code;
	if (text.n == 0)
		return true;
	if (sy_code_parse(c->arena, text, &code, c->faults, c->record, "/scope/product") != SY_OK)
		return false;
	if (code.product.n == 0 || !sy_str_eq(code.product, code.canonical)) {
		fault(c, 422, "/scope/product", "%.*s names a %s: expected a product's code",
		      "%.*s 表示的是 %s：应为产品编码", TEXT(text), sy_code_kind_name(code.kind));
		return false;
	}
	bool good = range_judge(c, s, "madeFrom", "madeTo");
	if (!c->author || product_is_theirs(c, &code, &owner))
		return good;
	return denied(c, text, owner, "/scope/product");
}

static bool place_judge_scope(struct check *c, const struct scope *s)
{
	struct sy_str text = said(c, s, "place"), owner;
	struct sy_code code;
	if (text.n == 0)
		return true;
	if (sy_code_parse(c->arena, text, &code, c->faults, c->record, "/scope/place") != SY_OK)
		return false;
	bool good = range_judge(c, s, "from", "to");
	if (!c->author || place_is_theirs(c, code.canonical, &owner))
		return good;
	return denied(c, text, owner, "/scope/place");
}

/* What narrows a part down needs the part. */
static bool whole_judge(struct check *c, const struct scope *s)
{
	static const struct {
		const char *part, *bound[2], *pointer;
	} rows[] = {{"product", {"madeFrom", "madeTo"}, "/scope/product"},
		    {"place", {"from", "to"}, "/scope/place"}};
	const struct sy_json *items = sy_json_get(s->doc, s->root, "items");
	bool some = items && items->count > 0, good = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (said(c, s, rows[i].part).n > 0) {
			some = true;
			continue;
		}
		for (size_t k = 0; k < 2; k++)
			if (said(c, s, rows[i].bound[k]).n > 0) {
				fault(c, 422, rows[i].pointer,
				      "\"%s\" without \"%s\": expected both",
				      "有 \"%s\" 而没有 \"%s\"：应同时给出", rows[i].bound[k],
				      rows[i].part);
				good = false;
			}
	}
	if (some)
		return good;
	fault(c, 422, "/scope", "it names nothing: expected items, a product or a place",
	      "未指明任何对象：应有 items、product 或 place");
	return false;
}

bool scope_judge(struct check *c, const struct sy_json_doc *doc)
{
	struct scope s = scope_of(doc);
	bool good = whole_judge(c, &s);
	good = items_judge(c, &s) && good;
	good = product_judge_scope(c, &s) && good;
	return place_judge_scope(c, &s) && good;
}

/* --- growth ---------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
	return sy_str_cmp(*(const struct sy_str *)a, *(const struct sy_str *)b);
}

static struct sy_str canonical(struct check *c, struct sy_str text)
{
	struct sy_faults faults;
	struct sy_code code;
	sy_faults_init(&faults, c->arena);
	faults.settled = true;
	if (text.n == 0 || sy_code_parse(c->arena, text, &code, &faults, SY_NO_RECORD, "") != SY_OK)
		return NO_MORE;
	return code.canonical;
}

/* The canonical codes of a scope's items, sorted; NULL when memory is out. */
static struct sy_str *codes_of(struct check *c, const struct scope *s, size_t *n)
{
	const struct sy_json *items = sy_json_get(s->doc, s->root, "items"), *v;
	struct sy_str *codes = allocate(c, ((items ? items->count : 0) + 1) * sizeof(*codes)), text;
	*n = 0;
	if (!codes)
		return NULL;
	sy_json_each (s->doc, items, v)
		if (sy_json_string(s->doc, v, c->arena, &text) == SY_OK)
			codes[(*n)++] = canonical(c, text);
	qsort(codes, *n, sizeof(*codes), by_text);
	return codes;
}

static bool items_cover(struct check *c, const struct scope *s, const struct scope *old)
{
	size_t n, n_old;
	const struct sy_str *now = codes_of(c, s, &n), *before = codes_of(c, old, &n_old);
	if (!now || !before)
		return false;
	for (size_t i = 0; i < n_old; i++)
		if (!bsearch(&before[i], now, n, sizeof(*now), by_text)) {
			fault(c, 409, "/scope/items",
			      "%.*s was recalled: an open recall can be widened, not narrowed",
			      "%.*s 已被召回：已启动的召回只能扩大，不能缩小", TEXT(before[i]));
			return false;
		}
	return true;
}

/* No bound is the widest. */
static bool bound_covers(struct check *c, const struct scope *s, const struct scope *old,
			 const char *member, bool end)
{
	struct sy_str now = said(c, s, member), before = said(c, old, member);
	int64_t a, b;
	if (now.n == 0)
		return true;
	if (before.n == 0 || sy_moment_parse(now, end, &a) != SY_OK ||
	    sy_moment_parse(before, end, &b) != SY_OK)
		return false;
	return end ? a >= b : a <= b;
}

static bool part_covers(struct check *c, const struct scope *s, const struct scope *old,
			const char *part, const char *from, const char *to)
{
	struct sy_str before = canonical(c, said(c, old, part));
	char pointer[24];
	if (before.n == 0)
		return true;
	if (place_covers(canonical(c, said(c, s, part)), before) &&
	    bound_covers(c, s, old, from, false) && bound_covers(c, s, old, to, true))
		return true;
	snprintf(pointer, sizeof(pointer), "/scope/%s", part);
	fault(c, 409, pointer, "%.*s was recalled: an open recall can be widened, not narrowed",
	      "%.*s 已被召回：已启动的召回只能扩大，不能缩小", TEXT(before));
	return false;
}

bool scope_covers(struct check *c, const struct sy_json_doc *doc, const struct sy_json_doc *old)
{
	struct scope s = scope_of(doc), before = scope_of(old);
	bool good = items_cover(c, &s, &before);
	good = part_covers(c, &s, &before, "product", "madeFrom", "madeTo") && good;
	return part_covers(c, &s, &before, "place", "from", "to") && good;
}
