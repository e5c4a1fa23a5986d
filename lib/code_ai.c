/* The table of GS1 application identifiers, and the checks that its rows ask for. */
#include "code_impl.h"

#define AI2(a, b) (a) * 100, (b)*100 + 99, 2, 9
#define AI3(a, b) (a) * 10, (b)*10 + 9, 3, 9
#define AI4(a, b) (a), (b), 4, 9
#define AI4_TO(last, a, b) (a), (b), 4, (last)

#define PLAIN(spec) SY_CODE_NONE, spec, NULL
#define KEY(kind, spec, qualifiers) SY_CODE_##kind, spec, qualifiers

/* In order, for the search.  GS1 General Specifications, section 3. */
static const struct ai table[] = {
    {AI2(0, 0), KEY(LOGISTIC, "*N18,csum", "")},            /* SSCC */
    {AI2(1, 1), KEY(PRODUCT, "*N14,csum", "22,10,21|235")}, /* GTIN */
    {AI2(2, 3), PLAIN("*N14,csum")},                        /* content, made to order */
    {AI2(10, 10), PLAIN("X..20")},                          /* batch or lot */
    {AI2(11, 13), PLAIN("*N6,yymmd0")},                     /* production, due, packaging */
    {AI2(15, 17), PLAIN("*N6,yymmd0")},                     /* best before, sell by, expiry */
    {AI2(20, 20), PLAIN("*N2")},                            /* variant */
    {AI2(21, 22), PLAIN("X..20")},                          /* serial, consumer variant */
    {AI3(235, 235), PLAIN("X..28")},                        /* third-party extension */
    {AI3(240, 241), PLAIN("X..30")},                        /* additional id, customer part */
    {AI3(242, 242), PLAIN("N..6")},                         /* made to order variant */
    {AI3(243, 243), PLAIN("X..20")},                        /* packaging component */
    {AI3(250, 251), PLAIN("X..30")},                        /* secondary serial, source */
    {AI3(253, 253), KEY(OTHER, "N13,csum [X..17]", "")},    /* GDTI */
    {AI3(254, 254), PLAIN("X..20")},                        /* GLN extension */
    {AI3(255, 255), KEY(OTHER, "N13,csum [N..12]", "")},    /* GCN */
    {AI2(30, 30), PLAIN("N..8")},                           /* variable count */
    {AI4_TO(5, 3100, 3169), PLAIN("*N6")},                  /* metric measures, trade */
    {AI4_TO(5, 3200, 3299), PLAIN("*N6")},                  /* other measures */
    {AI4_TO(5, 3300, 3379), PLAIN("*N6")},                  /* metric measures, logistic */
    {AI4_TO(5, 3400, 3499), PLAIN("*N6")},                  /* other measures */
    {AI4_TO(5, 3500, 3579), PLAIN("*N6")},                  /* areas, volumes, weights */
    {AI4_TO(5, 3600, 3699), PLAIN("*N6")},                  /* volumes */
    {AI2(37, 37), PLAIN("N..8")},                           /* count of contents */
    {AI4(3900, 3909), PLAIN("N..15")},                      /* amount */
    {AI4(3910, 3919), PLAIN("N3 N..15")},                   /* amount with currency */
    {AI4(3920, 3929), PLAIN("N..15")},                      /* price */
    {AI4(3930, 3939), PLAIN("N3 N..15")},                   /* price with currency */
    {AI4(3940, 3943), PLAIN("N4")},                         /* per cent off */
    {AI4(3950, 3955), PLAIN("N6")},                         /* price a unit of measure */
    {AI3(400, 400), PLAIN("X..30")},                        /* order number */
    {AI3(401, 401), KEY(OTHER, "X..30", "")},               /* GINC */
    {AI3(402, 402), KEY(OTHER, "N17,csum", "")},            /* GSIN */
    {AI3(403, 403), PLAIN("X..30")},                        /* route */
    {AI3(410, 413), PLAIN("*N13,csum")},                    /* ship to, bill to, ... */
    {AI3(414, 414), KEY(PLACE, "*N13,csum", "254|7040")},   /* GLN of a place */
    {AI3(415, 415), KEY(OTHER, "*N13,csum", "8020")},       /* GLN of an invoicing party */
    {AI3(416, 416), PLAIN("*N13,csum")},                    /* place of production */
    {AI3(417, 417), KEY(PARTY, "*N13,csum", "7040")},       /* GLN of a party */
    {AI3(420, 420), PLAIN("X..20")},                        /* postal code */
    {AI3(421, 421), PLAIN("N3 X..9")},                      /* postal code with country */
    {AI3(422, 422), PLAIN("N3")},                           /* country of origin */
    {AI3(423, 423), PLAIN("N3 [N3] [N3] [N3] [N3]")},       /* initial processing */
    {AI3(424, 424), PLAIN("N3")},                           /* processing */
    {AI3(425, 425), PLAIN("N3 [N3] [N3] [N3] [N3]")},       /* disassembly */
    {AI3(426, 426), PLAIN("N3")},                           /* full processing */
    {AI3(427, 427), PLAIN("X..3")},                         /* subdivision of origin */
    {AI4(4300, 4301), PLAIN("X..35")},                      /* ship to: company, name */
    {AI4(4302, 4306), PLAIN("X..70")},                      /* ... address */
    {AI4(4307, 4307), PLAIN("X2")},                         /* ... country */
    {AI4(4308, 4308), PLAIN("X..30")},                      /* ... telephone */
    {AI4(4309, 4309), PLAIN("N10 N10")},                    /* ... location */
    {AI4(4310, 4311), PLAIN("X..35")},                      /* return to: company, name */
    {AI4(4312, 4316), PLAIN("X..70")},                      /* ... address */
    {AI4(4317, 4317), PLAIN("X2")},                         /* ... country */
    {AI4(4318, 4318), PLAIN("X..20")},                      /* ... postal code */
    {AI4(4319, 4319), PLAIN("X..30")},                      /* ... telephone */
    {AI4(4320, 4320), PLAIN("X..35")},                      /* service code */
    {AI4(4321, 4323), PLAIN("N1")},                         /* flags of a delivery */
    {AI4(4324, 4325), PLAIN("N6,yymmd0 N4")},               /* not before, not after */
    {AI4(4326, 4326), PLAIN("N6,yymmdd")},                  /* release date */
    {AI4(4330, 4333), PLAIN("N6 [X1]")},                    /* temperatures */
    {AI4(7001, 7001), PLAIN("N13")},                        /* NATO stock number */
    {AI4(7002, 7002), PLAIN("X..30")},                      /* meat cut */
    {AI4(7003, 7003), PLAIN("N6,yymmdd N4")},               /* expiry with time */
    {AI4(7004, 7004), PLAIN("N..4")},                       /* active potency */
    {AI4(7005, 7005), PLAIN("X..12")},                      /* catch area */
    {AI4(7006, 7006), PLAIN("N6,yymmdd")},                  /* first freeze date */
    {AI4(7007, 7007), PLAIN("N6,yymmdd [N6],yymmdd")},      /* harvest dates */
    {AI4(7008, 7008), PLAIN("X..3")},                       /* species */
    {AI4(7009, 7009), PLAIN("X..10")},                      /* fishing gear */
    {AI4(7010, 7010), PLAIN("X..2")},                       /* production method */
    {AI4(7011, 7011), PLAIN("N6,yymmdd [N4]")},             /* test by */
    {AI4(7020, 7022), PLAIN("X..20")},                      /* refurbishment */
    {AI4(7023, 7023), PLAIN("X..30")},                      /* GIAI of an assembly */
    {AI4(7030, 7039), PLAIN("N3 X..27")},                   /* processors */
    {AI4(7040, 7040), PLAIN("N1 X3")},                      /* EU unique id with extension */
    {AI4(7041, 7041), PLAIN("X..4")},                       /* freight unit type */
    {AI3(710, 717), PLAIN("X..20")},                        /* national health numbers */
    {AI4(7230, 7239), PLAIN("X2 X..28")},                   /* certificates */
    {AI4(7240, 7240), PLAIN("X..20")},                      /* protocol */
    {AI4(7241, 7241), PLAIN("N2")},                         /* medium */
    {AI4(7242, 7242), PLAIN("X..25")},                      /* version control */
    {AI4(7250, 7250), PLAIN("N8")},                         /* persons: birth */
    {AI4(7251, 7251), PLAIN("N8 N4")},                      /* ... with time */
    {AI4(7252, 7252), PLAIN("N1")},                         /* ... sex */
    {AI4(7253, 7254), PLAIN("X..40")},                      /* ... names */
    {AI4(7255, 7255), PLAIN("X..10")},                      /* ... suffix */
    {AI4(7256, 7256), PLAIN("X..90")},                      /* ... full name */
    {AI4(7257, 7257), PLAIN("X..70")},                      /* ... address */
    {AI4(7258, 7258), PLAIN("X3")},                         /* ... birth sequence */
    {AI4(7259, 7259), PLAIN("X..40")},                      /* ... family name of a baby */
    {AI4(8001, 8001), PLAIN("N14")},                        /* roll dimensions */
    {AI4(8002, 8002), PLAIN("X..20")},                      /* mobile phone */
    {AI4(8003, 8003), KEY(ASSET, "N1,zero N13,csum [X..16]", "")}, /* GRAI */
    {AI4(8004, 8004), KEY(ASSET, "X..30", "7040")},                /* GIAI */
    {AI4(8005, 8005), PLAIN("N6")},                                /* price a unit */
    {AI4(8006, 8006), KEY(OTHER, "N14,csum N4", "22,10,21")},      /* ITIP */
    {AI4(8007, 8007), PLAIN("X..34")},                             /* IBAN */
    {AI4(8008, 8008), PLAIN("N6,yymmdd N2 [N2] [N2]")},            /* production with time */
    {AI4(8009, 8009), PLAIN("X..50")},                             /* optical sensor */
    {AI4(8010, 8010), KEY(OTHER, "Y..30", "8011")},                /* CPID */
    {AI4(8011, 8011), PLAIN("N..12")},                             /* CPID serial */
    {AI4(8012, 8012), PLAIN("X..20")},                             /* software version */
    {AI4(8013, 8013), KEY(OTHER, "X..25", "")},                    /* GMN */
    {AI4(8014, 8014), PLAIN("X..25")},                             /* MUDI */
    {AI4(8017, 8018), KEY(OTHER, "N18,csum", "8019")},             /* GSRN */
    {AI4(8019, 8019), PLAIN("N..10")},                             /* service relation instance */
    {AI4(8020, 8020), PLAIN("X..25")},                             /* payment slip */
    {AI4(8026, 8026), PLAIN("N14,csum N4")},                       /* ITIP contents */
    {AI4(8030, 8030), PLAIN("Z..90")},                             /* digital signature */
    {AI4(8040, 8041), PLAIN("N15")},                               /* IMEI */
    {AI4(8042, 8042), PLAIN("N32")},                               /* eSIM */
    {AI4(8043, 8043), PLAIN("N18 [N..2]")},                        /* SIM */
    {AI4(8110, 8110), PLAIN("X..70")},                             /* coupon */
    {AI4(8111, 8111), PLAIN("N4")},                                /* loyalty points */
    {AI4(8112, 8112), PLAIN("X..70")},                             /* coupon */
    {AI4(8200, 8200), PLAIN("X..70")},                             /* product URL */
    {AI2(90, 90), PLAIN("X..30")},                                 /* agreed between partners */
    {AI2(91, 99), PLAIN("X..90")},                                 /* within a company */
};

static const struct ai *row_of(unsigned number)
{
	size_t lo = 0, hi = sizeof table / sizeof table[0];
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		const struct ai *row = &table[mid];
		if (number > row->hi)
			lo = mid + 1;
		else if (number < row->lo)
			hi = mid;
		else
			return row->digits < 4 || number % 10 <= row->last ? row : NULL;
	}
	return NULL;
}

/* (10) to four digits is 1000, whatever digits follow. */
static unsigned left_aligned(struct sy_str text, size_t digits)
{
	unsigned number = 0;
	for (size_t i = 0; i < 4; i++) {
		bool digit = i < digits && i < text.n && text.p[i] >= '0' && text.p[i] <= '9';
		number = number * 10 + (digit ? (unsigned)(text.p[i] - '0') : 0);
	}
	return number;
}

struct ai_code sy_ai_at(struct sy_str text)
{
	struct ai_code ai = {NULL, 0};
	const struct ai *row = row_of(left_aligned(text, 4));
	if (row == NULL || text.n < row->digits ||
	    !sy_text_digits((struct sy_str){text.p, row->digits}))
		return ai;
	ai.row = row;
	ai.number = left_aligned(text, row->digits);
	return ai;
}

struct ai_code sy_ai_exact(struct sy_str text)
{
	struct ai_code ai = sy_ai_at(text);
	if (ai.row != NULL && ai.row->digits != text.n)
		ai.row = NULL;
	return ai;
}

void sy_ai_name(struct ai_code ai, char out[8])
{
	unsigned divisor = 1000;
	*out++ = '(';
	for (unsigned i = 0; i < ai.row->digits; i++, divisor /= 10)
		*out++ = (char)('0' + ai.number / divisor % 10);
	memcpy(out, ")", 2);
}

/* One component of a specification: type, length, check. */
struct component {
	char type; /* N digits, X CSET 82, Y CSET 39, Z base64url */
	bool optional, upto;
	size_t max;
	const char *check; /* csum, zero, yymmdd, yymmd0; "" for none */
};

static bool next_component(const char **spec, struct component *c)
{
	const char *s = *spec;
	while (*s == ' ' || *s == '*')
		s++;
	if (*s == '\0')
		return false;
	c->optional = *s == '[';
	s += c->optional;
	c->type = *s++;
	c->upto = *s == '.';
	s += c->upto ? 2 : 0;
	for (c->max = 0; *s >= '0' && *s <= '9'; s++)
		c->max = c->max * 10 + (size_t)(*s - '0');
	s += *s == ']';
	c->check = *s == ',' ? s + 1 : "";
	while (*s != '\0' && *s != ' ')
		s++;
	*spec = s;
	return true;
}

static void length_range(const char *spec, size_t *min, size_t *max)
{
	struct component c;
	*min = *max = 0;
	while (next_component(&spec, &c)) {
		*max += c.max;
		*min += c.optional ? 0 : c.upto ? 1 : c.max;
	}
}

size_t sy_ai_fixed(const struct ai *row)
{
	size_t min, max;
	length_range(row->spec, &min, &max);
	return row->spec[0] == '*' ? max : 0;
}

/* Bits of a character: in CSET 82, in CSET 39, in base64url.  Digits are in all. */
enum { CSET82 = 1, CSET39 = 2, BASE64URL = 4 };

static unsigned char_sets(char c)
{
	if (c >= '0' && c <= '9')
		return CSET82 | CSET39 | BASE64URL;
	if (c >= 'A' && c <= 'Z')
		return CSET82 | CSET39 | BASE64URL;
	if (c >= 'a' && c <= 'z')
		return CSET82 | BASE64URL;
	if (c == '\0')
		return 0;
	return (strchr("!\"%&'()*+,-./:;<=>?_", c) ? CSET82 : 0u) |
	       (strchr("#-/", c) ? CSET39 : 0u) | (strchr("-_=", c) ? BASE64URL : 0u);
}

static bool char_fits(char type, char c)
{
	switch (type) {
	case 'N':
		return c >= '0' && c <= '9';
	case 'X':
		return char_sets(c) & CSET82;
	case 'Y':
		return char_sets(c) & CSET39;
	default:
		return char_sets(c) & BASE64URL;
	}
}

static const char *type_name(char type)
{
	switch (type) {
	case 'N':
		return "a digit";
	case 'X':
		return "a letter, a digit or one of !\"%&'()*+,-./:;<=>?_";
	case 'Y':
		return "a capital letter, a digit or one of #-/";
	default:
		return "a character of base64url";
	}
}

/* Offset of the first character that isn't of its component's type; VALUE.n if all are. */
static size_t bad_char(const struct ai *row, struct sy_str value, char *type)
{
	const char *spec = row->spec;
	struct component c;
	size_t at = 0;
	*type = 'X';
	while (at < value.n && next_component(&spec, &c)) {
		*type = c.type;
		for (size_t i = 0; i < c.max && at < value.n; i++, at++)
			if (!char_fits(c.type, value.p[at]))
				return at;
	}
	return value.n;
}

static bool length_fits(const struct ai *row, size_t n)
{
	const char *spec = row->spec;
	struct component c;
	while (next_component(&spec, &c)) {
		if (n == 0)
			return c.optional;
		if (n < c.max && !c.upto)
			return false;
		n -= n < c.max ? n : c.max;
	}
	return n == 0;
}

static bool gtin_length(size_t n)
{
	return n == 8 || n == 12 || n == 13;
}

bool sy_ai_plausible(struct ai_code ai, struct sy_str value)
{
	char type;
	if (ai.number == AI_GTIN && gtin_length(value.n))
		return sy_text_digits(value);
	return length_fits(ai.row, value.n) && bad_char(ai.row, value, &type) == value.n;
}

static void put_digits(char *out, unsigned v, size_t n, char after)
{
	out[n] = after;
	for (; n > 0; v /= 10)
		out[--n] = (char)('0' + v % 10);
}

/* GS1 slides its window with the year; a code must mean the same in every year, so the window
 * stands where it stood in 2026: 77 to 99 are 1977 to 1999. */
bool sy_ai_date(struct sy_str yymmdd, bool day_zero, char out[11])
{
	static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned v[3];
	for (int i = 0; i < 3; i++)
		v[i] =
		    (unsigned)(yymmdd.p[2 * i] - '0') * 10 + (unsigned)(yymmdd.p[2 * i + 1] - '0');
	unsigned year = v[0] >= 77 ? 1900 + v[0] : 2000 + v[0], month = v[1], day = v[2];
	if (month < 1 || month > 12 || (day == 0 && !day_zero))
		return false;
	unsigned last = days[month - 1] + (month == 2 && year % 4 == 0);
	if (day > last)
		return false;
	put_digits(out, year, 4, '-');
	put_digits(out + 5, month, 2, '-');
	put_digits(out + 8, day ? day : last, 2, '\0');
	return true;
}

static void check_component(struct code_reader *r, const char *name, const struct component *c,
			    struct sy_str text)
{
	char date[11];
	if (strncmp(c->check, "csum", 4) == 0) {
		char is = text.p[text.n - 1];
		char expected = sy_gs1_check_digit((struct sy_str){text.p, text.n - 1});
		if (is != expected)
			sy_code_fault(r, SY_ECHECK, "%s check digit is %c, expected %c", name, is,
				      expected);
	} else if (strncmp(c->check, "zero", 4) == 0) {
		if (text.p[0] != '0')
			sy_code_fault(r, SY_EINVAL, "%s character 1 is %c, expected 0", name,
				      text.p[0]);
	} else if (strncmp(c->check, "yymmd", 5) == 0) {
		if (!sy_ai_date(text, c->check[5] == '0', date))
			sy_code_fault(r, SY_EINVAL, "%s is %.*s, expected a date as YYMMDD", name,
				      (int)text.n, text.p);
	}
}

static void fault_of_length(struct code_reader *r, const char *name, const struct ai *row, size_t n)
{
	size_t min, max;
	length_range(row->spec, &min, &max);
	if (min == max)
		sy_code_fault(r, SY_EINVAL, "%s has %zu characters, expected %zu", name, n, max);
	else
		sy_code_fault(r, SY_EINVAL, "%s has %zu characters, expected %zu to %zu", name, n,
			      min, max);
}

static bool check_value(struct code_reader *r, struct ai_code ai, struct sy_str value)
{
	char name[8], shown[16], type;
	size_t before = r->n_faults;
	sy_ai_name(ai, name);
	size_t bad = bad_char(ai.row, value, &type);
	if (bad < value.n) {
		sy_code_fault(r, SY_EINVAL, "%s character %zu is %s, expected %s", name, bad + 1,
			      sy_code_show(value, bad, shown), type_name(type));
		return false;
	}
	if (!length_fits(ai.row, value.n)) {
		fault_of_length(r, name, ai.row, value.n);
		return false;
	}
	if (ai.number == AI_GTIN && sy_text_zeros(value)) {
		sy_code_fault(r, SY_EINVAL, "%s is all zeros, expected a GTIN", name);
		return false;
	}
	const char *spec = ai.row->spec;
	struct component c;
	for (size_t at = 0; at < value.n && next_component(&spec, &c);) {
		size_t n = value.n - at < c.max ? value.n - at : c.max;
		if (c.check[0] != '\0')
			check_component(r, name, &c, (struct sy_str){value.p + at, n});
		at += n;
	}
	return r->n_faults == before;
}

const struct element *sy_ai_find(const struct code_reader *r, unsigned number)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->elements[i].ai.number == number)
			return &r->elements[i];
	return NULL;
}

/* People and links write (01) with 8, 12 or 13 digits too. */
static struct sy_str padded_gtin(struct code_reader *r, struct sy_str value)
{
	char *p = sy_code_room(r, 14);
	if (p == NULL)
		return value;
	memset(p, '0', 14 - value.n);
	memcpy(p + 14 - value.n, value.p, value.n);
	return (struct sy_str){p, 14};
}

void sy_ai_take(struct code_reader *r, struct ai_code ai, struct sy_str value)
{
	char name[8];
	if (ai.number == AI_GTIN && gtin_length(value.n))
		value = padded_gtin(r, value);
	if (!check_value(r, ai, value))
		return;
	const struct element *same = sy_ai_find(r, ai.number);
	if (same != NULL && !sy_str_eq(same->value, value)) {
		sy_ai_name(ai, name);
		sy_code_fault(r, SY_EINVAL, "%s stands twice with different values", name);
	} else if (same == NULL && r->n == ELEMENTS_MAX) {
		sy_code_fault(r, SY_EINVAL, "more than %d application identifiers", ELEMENTS_MAX);
	} else if (same == NULL) {
		r->elements[r->n++] = (struct element){ai, value};
	}
}
