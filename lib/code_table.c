/*
 * The table of GS1 application identifiers: GS1 General Specifications, section 3, in the notation
 * of GS1's syntax dictionary, which a test holds it against.  Rows are in order, for the search.
 */
#include "code_impl.h"

#define AI2(a, b) (a) * 100, (b)*100 + 99, 2, 9
#define AI3(a, b) (a) * 10, (b)*10 + 9, 3, 9
#define AI4(a, b) (a), (b), 4, 9
#define AI4_TO(last, a, b) (a), (b), 4, (last)

#define FIXED AI_FIXED
#define QUERY AI_QUERY
#define KEY(kind, qualifiers) .key = SY_CODE_##kind, .quals = (qualifiers)

#define PART(type, n, flags, ...)   \
	{                           \
		type, n, flags,     \
		{                   \
			__VA_ARGS__ \
		}                   \
	}
#define N(n, ...) PART('N', n, 0, __VA_ARGS__)
#define N_UPTO(n, ...) PART('N', n, PART_UPTO, __VA_ARGS__)
#define OPT_N(n, ...) PART('N', n, PART_OPTIONAL, __VA_ARGS__)
#define OPT_N_UPTO(n, ...) PART('N', n, PART_OPTIONAL | PART_UPTO, __VA_ARGS__)
#define X(n, ...) PART('X', n, 0, __VA_ARGS__)
#define X_UPTO(n, ...) PART('X', n, PART_UPTO, __VA_ARGS__)
#define OPT_X(n, ...) PART('X', n, PART_OPTIONAL, __VA_ARGS__)
#define OPT_X_UPTO(n, ...) PART('X', n, PART_OPTIONAL | PART_UPTO, __VA_ARGS__)
#define Y_UPTO(n, ...) PART('Y', n, PART_UPTO, __VA_ARGS__)
#define Z_UPTO(n, ...) PART('Z', n, PART_UPTO, __VA_ARGS__)

/* A measure: the AI's last digit says where its decimal point stands.  One of a kind in a code. */
#define MEASURE(p, beside, name)                                                                   \
	{                                                                                          \
		AI4_TO(5, (p)*10, (p)*10 + 9), FIXED | QUERY, .parts = {N(6, 0)}, .title = (name), \
							      .req = (beside), .ex = #p "n"        \
	}
#define TRADE "01,02"
#define LOGISTIC "00,01"
#define ITEM "01"

static const struct ai rows_0[] = {
    {AI2(0, 0), FIXED | QUERY, .parts = {N(18, CHECK_CSUM, CHECK_GCPPOS2)}, .title = "SSCC",
     KEY(LOGISTIC, "")},
    {AI2(1, 1), FIXED | QUERY, .parts = {N(14, CHECK_CSUM, CHECK_GCPPOS2)}, .title = "GTIN",
     KEY(PRODUCT, "22,10,21|235"), .ex = "255,37"},
    {AI2(2, 2), FIXED | QUERY, .parts = {N(14, CHECK_CSUM, CHECK_GCPPOS2)}, .title = "CONTENT",
     .req = "37", .ex = "01,03"},
    {AI2(3, 3), FIXED, .parts = {N(14, CHECK_CSUM, CHECK_GCPPOS2)}, .title = "MTO GTIN",
     .ex = "01,02,37"},
};

static const struct ai rows_1[] = {
    {AI2(10, 10), QUERY, .parts = {X_UPTO(20, 0)}, .title = "BATCH/LOT",
     .req = "01,02,03,8006,8026"},
    {AI2(11, 11), FIXED | QUERY, .parts = {N(6, CHECK_YYMMD0)}, .title = "PROD DATE",
     .req = "01,02,03,8006,8026"},
    {AI2(12, 12), FIXED | QUERY, .parts = {N(6, CHECK_YYMMD0)}, .title = "DUE DATE", .req = "8020"},
    {AI2(13, 13), FIXED | QUERY, .parts = {N(6, CHECK_YYMMD0)}, .title = "PACK DATE",
     .req = "01,02,03,8006,8026"},
    {AI2(15, 15), FIXED | QUERY, .parts = {N(6, CHECK_YYMMD0)}, .title = "BEST BEFORE or BEST BY",
     .req = "01,02,03,8006,8026"},
    {AI2(16, 16), FIXED | QUERY, .parts = {N(6, CHECK_YYMMD0)}, .title = "SELL BY",
     .req = "01,02,03,8006,8026"},
    {AI2(17, 17), FIXED | QUERY, .parts = {N(6, CHECK_YYMMD0)}, .title = "USE BY or EXPIRY",
     .req = "01,02,03,255,8006,8026"},
};

static const struct ai rows_2[] = {
    {AI2(20, 20), FIXED | QUERY, .parts = {N(2, 0)}, .title = "VARIANT", .req = "01,02,8006,8026"},
    {AI2(21, 21), 0, .parts = {X_UPTO(20, 0)}, .title = "SERIAL", .req = "01,03,8006", .ex = "235"},
    {AI2(22, 22), 0, .parts = {X_UPTO(20, 0)}, .title = "CPV", .req = "01"},
    {AI3(235, 235), 0, .parts = {X_UPTO(28, 0)}, .title = "TPX", .req = "01"},
    {AI3(240, 240), QUERY, .parts = {X_UPTO(30, 0)}, .title = "ADDITIONAL ID",
     .req = "01,02,8006,8026"},
    {AI3(241, 241), QUERY, .parts = {X_UPTO(30, 0)}, .title = "CUST. PART No.",
     .req = "01,02,8006,8026"},
    {AI3(242, 242), QUERY, .parts = {N_UPTO(6, 0)}, .title = "MTO VARIANT",
     .req = "01,02,8006,8026"},
    {AI3(243, 243), QUERY, .parts = {X_UPTO(20, 0)}, .title = "PCN", .req = "01"},
    {AI3(250, 250), QUERY, .parts = {X_UPTO(30, 0)}, .title = "SECONDARY SERIAL", .req = "01,8006",
     .also = "21"},
    {AI3(251, 251), QUERY, .parts = {X_UPTO(30, 0)}, .title = "REF. TO SOURCE", .req = "01,8006"},
    {AI3(253, 253), QUERY, .parts = {N(13, CHECK_CSUM, CHECK_GCPPOS1), OPT_X_UPTO(17, 0)},
     .title = "GDTI", KEY(OTHER, "")},
    {AI3(254, 254), 0, .parts = {X_UPTO(20, 0)}, .title = "GLN EXTENSION COMPONENT", .req = "414"},
    {AI3(255, 255), QUERY, .parts = {N(13, CHECK_CSUM, CHECK_GCPPOS1), OPT_N_UPTO(12, 0)},
     .title = "GCN", KEY(OTHER, ""), .ex = "01,02,415,8006,8020,8026"},
};

static const struct ai rows_3[] = {
    {AI2(30, 30), QUERY, .parts = {N_UPTO(8, 0)}, .title = "VAR. COUNT", .req = "01,02"},
    MEASURE(310, TRADE, "NET WEIGHT (kg)"),
    MEASURE(311, TRADE, "LENGTH (m)"),
    MEASURE(312, TRADE, "WIDTH (m)"),
    MEASURE(313, TRADE, "HEIGHT (m)"),
    MEASURE(314, TRADE, "AREA (m²)"),
    MEASURE(315, TRADE, "NET VOLUME (l)"),
    MEASURE(316, TRADE, "NET VOLUME (m³)"),
    MEASURE(320, TRADE, "NET WEIGHT (lb)"),
    MEASURE(321, TRADE, "LENGTH (in)"),
    MEASURE(322, TRADE, "LENGTH (ft)"),
    MEASURE(323, TRADE, "LENGTH (yd)"),
    MEASURE(324, TRADE, "WIDTH (in)"),
    MEASURE(325, TRADE, "WIDTH (ft)"),
    MEASURE(326, TRADE, "WIDTH (yd)"),
    MEASURE(327, TRADE, "HEIGHT (in)"),
    MEASURE(328, TRADE, "HEIGHT (ft)"),
    MEASURE(329, TRADE, "HEIGHT (yd)"),
    MEASURE(330, LOGISTIC, "GROSS WEIGHT (kg)"),
    MEASURE(331, LOGISTIC, "LENGTH (m), log"),
    MEASURE(332, LOGISTIC, "WIDTH (m), log"),
    MEASURE(333, LOGISTIC, "HEIGHT (m), log"),
    MEASURE(334, LOGISTIC, "AREA (m²), log"),
    MEASURE(335, LOGISTIC, "VOLUME (l), log"),
    MEASURE(336, LOGISTIC, "VOLUME (m³), log"),
    MEASURE(337, ITEM, "KG PER m²"),
    MEASURE(340, LOGISTIC, "GROSS WEIGHT (lb)"),
    MEASURE(341, LOGISTIC, "LENGTH (in), log"),
    MEASURE(342, LOGISTIC, "LENGTH (ft), log"),
    MEASURE(343, LOGISTIC, "LENGTH (yd), log"),
    MEASURE(344, LOGISTIC, "WIDTH (in), log"),
    MEASURE(345, LOGISTIC, "WIDTH (ft), log"),
    MEASURE(346, LOGISTIC, "WIDTH (yd), log"),
    MEASURE(347, LOGISTIC, "HEIGHT (in), log"),
    MEASURE(348, LOGISTIC, "HEIGHT (ft), log"),
    MEASURE(349, LOGISTIC, "HEIGHT (yd), log"),
    MEASURE(350, TRADE, "AREA (in²)"),
    MEASURE(351, TRADE, "AREA (ft²)"),
    MEASURE(352, TRADE, "AREA (yd²)"),
    MEASURE(353, LOGISTIC, "AREA (in²), log"),
    MEASURE(354, LOGISTIC, "AREA (ft²), log"),
    MEASURE(355, LOGISTIC, "AREA (yd²), log"),
    MEASURE(356, TRADE, "NET WEIGHT (tr oz)"),
    MEASURE(357, TRADE, "NET VOLUME (oz)"),
    MEASURE(360, TRADE, "NET VOLUME (qt (US))"),
    MEASURE(361, TRADE, "NET VOLUME (gal.)"),
    MEASURE(362, LOGISTIC, "VOLUME (qt (US)), log"),
    MEASURE(363, LOGISTIC, "VOLUME (gal (US)), log"),
    MEASURE(364, TRADE, "NET VOLUME (in³)"),
    MEASURE(365, TRADE, "NET VOLUME (ft³)"),
    MEASURE(366, TRADE, "NET VOLUME (yd³)"),
    MEASURE(367, LOGISTIC, "VOLUME (in³), log"),
    MEASURE(368, LOGISTIC, "VOLUME (ft³), log"),
    MEASURE(369, LOGISTIC, "VOLUME (yd³), log"),
    {AI2(37, 37), QUERY, .parts = {N_UPTO(8, 0)}, .title = "COUNT", .req = "00", .also = "02,8026"},
    {AI4(3900, 3909), QUERY, .parts = {N_UPTO(15, 0)}, .title = "AMOUNT", .req = "255,8020",
     .ex = "390n,391n,394n,8111"},
    {AI4(3910, 3919), QUERY, .parts = {N(3, CHECK_ISO4217), N_UPTO(15, 0)}, .title = "AMOUNT",
     .req = "8020", .ex = "391n"},
    {AI4(3920, 3929), QUERY, .parts = {N_UPTO(15, 0)}, .title = "PRICE", .req = "01",
     .also = "30,31nn,32nn,35nn,36nn", .ex = "392n,393n"},
    {AI4(3930, 3939), QUERY, .parts = {N(3, CHECK_ISO4217), N_UPTO(15, 0)}, .title = "PRICE",
     .req = "30,31nn,32nn,35nn,36nn", .ex = "393n"},
    {AI4_TO(3, 3940, 3949), QUERY, .parts = {N(4, 0)}, .title = "PRCNT OFF", .req = "255",
     .ex = "394n,8111"},
    {AI4_TO(5, 3950, 3959), QUERY, .parts = {N(6, 0)}, .title = "PRICE/UoM",
     .req = "30,31nn,32nn,35nn,36nn", .ex = "392n,393n,395n,8005"},
};

static const struct ai rows_4[] = {
    {AI3(400, 400), QUERY, .parts = {X_UPTO(30, 0)}, .title = "ORDER NUMBER"},
    {AI3(401, 401), QUERY, .parts = {X_UPTO(30, CHECK_GCPPOS1)}, .title = "GINC", KEY(OTHER, "")},
    {AI3(402, 402), QUERY, .parts = {N(17, CHECK_CSUM, CHECK_GCPPOS1)}, .title = "GSIN",
     KEY(OTHER, "")},
    {AI3(403, 403), QUERY, .parts = {X_UPTO(30, 0)}, .title = "ROUTE", .req = "00"},
    {AI3(410, 410), FIXED | QUERY, .parts = {N(13, CHECK_CSUM, CHECK_GCPPOS1)},
     .title = "SHIP TO LOC"},
    {AI3(411, 411), FIXED | QUERY, .parts = {N(13, CHECK_CSUM, CHECK_GCPPOS1)}, .title = "BILL TO"},
    {AI3(412, 412), FIXED | QUERY, .parts = {N(13, CHECK_CSUM, CHECK_GCPPOS1)},
     .title = "PURCHASE FROM"},
    {AI3(413, 413), FIXED | QUERY, .parts = {N(13, CHECK_CSUM, CHECK_GCPPOS1)},
     .title = "SHIP FOR LOC"},
    {AI3(414, 414), FIXED | QUERY, .parts = {N(13, CHECK_CSUM, CHECK_GCPPOS1)}, .title = "LOC No.",
     KEY(PLACE, "254|7040")},
    {AI3(415, 415), FIXED | QUERY, .parts = {N(13, CHECK_CSUM, CHECK_GCPPOS1)}, .title = "PAY TO",
     KEY(OTHER, "8020"), .req = "8020"},
    {AI3(416, 416), FIXED | QUERY, .parts = {N(13, CHECK_CSUM, CHECK_GCPPOS1)},
     .title = "PROD/SERV LOC"},
    {AI3(417, 417), FIXED | QUERY, .parts = {N(13, CHECK_CSUM, CHECK_GCPPOS1)}, .title = "PARTY",
     KEY(PARTY, "7040")},
    {AI3(420, 420), QUERY, .parts = {X_UPTO(20, 0)}, .title = "SHIP TO POST", .ex = "421"},
    {AI3(421, 421), QUERY, .parts = {N(3, CHECK_ISO3166), X_UPTO(9, 0)}, .title = "SHIP TO POST",
     .ex = "4307"},
    {AI3(422, 422), QUERY, .parts = {N(3, CHECK_ISO3166)}, .title = "ORIGIN",
     .req = "01,02,8006,8026", .ex = "426"},
    {AI3(423, 423), QUERY,
     .parts = {N(3, CHECK_ISO3166), OPT_N(3, CHECK_ISO3166), OPT_N(3, CHECK_ISO3166),
	       OPT_N(3, CHECK_ISO3166), OPT_N(3, CHECK_ISO3166)},
     .title = "COUNTRY - INITIAL PROCESS", .req = "01,02", .ex = "426"},
    {AI3(424, 424), QUERY, .parts = {N(3, CHECK_ISO3166)}, .title = "COUNTRY - PROCESS",
     .req = "01,02", .ex = "426"},
    {AI3(425, 425), QUERY,
     .parts = {N(3, CHECK_ISO3166), OPT_N(3, CHECK_ISO3166), OPT_N(3, CHECK_ISO3166),
	       OPT_N(3, CHECK_ISO3166), OPT_N(3, CHECK_ISO3166)},
     .title = "COUNTRY - DISASSEMBLY", .req = "01,02", .ex = "426"},
    {AI3(426, 426), QUERY, .parts = {N(3, CHECK_ISO3166)}, .title = "COUNTRY - FULL PROCESS",
     .req = "01,02"},
    {AI3(427, 427), QUERY, .parts = {X_UPTO(3, 0)}, .title = "ORIGIN SUBDIVISION", .req = "01,02",
     .also = "422"},
    {AI4(4300, 4300), QUERY, .parts = {X_UPTO(35, CHECK_PCENC)}, .title = "SHIP TO COMP",
     .req = "00"},
    {AI4(4301, 4301), QUERY, .parts = {X_UPTO(35, CHECK_PCENC)}, .title = "SHIP TO NAME",
     .req = "00"},
    {AI4(4302, 4302), QUERY, .parts = {X_UPTO(70, CHECK_PCENC)}, .title = "SHIP TO ADD1",
     .req = "00"},
    {AI4(4303, 4303), QUERY, .parts = {X_UPTO(70, CHECK_PCENC)}, .title = "SHIP TO ADD2",
     .req = "4302"},
    {AI4(4304, 4304), QUERY, .parts = {X_UPTO(70, CHECK_PCENC)}, .title = "SHIP TO SUB",
     .req = "00"},
    {AI4(4305, 4305), QUERY, .parts = {X_UPTO(70, CHECK_PCENC)}, .title = "SHIP TO LOC",
     .req = "00"},
    {AI4(4306, 4306), QUERY, .parts = {X_UPTO(70, CHECK_PCENC)}, .title = "SHIP TO REG",
     .req = "00"},
    {AI4(4307, 4307), QUERY, .parts = {X(2, CHECK_ISO3166ALPHA2)}, .title = "SHIP TO COUNTRY",
     .req = "00"},
    {AI4(4308, 4308), QUERY, .parts = {X_UPTO(30, 0)}, .title = "SHIP TO PHONE", .req = "00"},
    {AI4(4309, 4309), QUERY, .parts = {N(10, CHECK_LATITUDE), N(10, CHECK_LONGITUDE)},
     .title = "SHIP TO GEO", .req = "00"},
    {AI4(4310, 4310), QUERY, .parts = {X_UPTO(35, CHECK_PCENC)}, .title = "RTN TO COMP",
     .req = "00"},
    {AI4(4311, 4311), QUERY, .parts = {X_UPTO(35, CHECK_PCENC)}, .title = "RTN TO NAME",
     .req = "00"},
    {AI4(4312, 4312), QUERY, .parts = {X_UPTO(70, CHECK_PCENC)}, .title = "RTN TO ADD1",
     .req = "00"},
    {AI4(4313, 4313), QUERY, .parts = {X_UPTO(70, CHECK_PCENC)}, .title = "RTN TO ADD2",
     .req = "4312"},
    {AI4(4314, 4314), QUERY, .parts = {X_UPTO(70, CHECK_PCENC)}, .title = "RTN TO SUB",
     .req = "00"},
    {AI4(4315, 4315), QUERY, .parts = {X_UPTO(70, CHECK_PCENC)}, .title = "RTN TO LOC",
     .req = "00"},
    {AI4(4316, 4316), QUERY, .parts = {X_UPTO(70, CHECK_PCENC)}, .title = "RTN TO REG",
     .req = "00"},
    {AI4(4317, 4317), QUERY, .parts = {X(2, CHECK_ISO3166ALPHA2)}, .title = "RTN TO COUNTRY",
     .req = "00"},
    {AI4(4318, 4318), QUERY, .parts = {X_UPTO(20, 0)}, .title = "RTN TO POST", .req = "00"},
    {AI4(4319, 4319), QUERY, .parts = {X_UPTO(30, 0)}, .title = "RTN TO PHONE", .req = "00"},
    {AI4(4320, 4320), QUERY, .parts = {X_UPTO(35, CHECK_PCENC)}, .title = "SRV DESCRIPTION",
     .req = "00"},
    {AI4(4321, 4321), QUERY, .parts = {N(1, CHECK_YESNO)}, .title = "DANGEROUS GOODS", .req = "00"},
    {AI4(4322, 4322), QUERY, .parts = {N(1, CHECK_YESNO)}, .title = "AUTH TO LEAVE", .req = "00"},
    {AI4(4323, 4323), QUERY, .parts = {N(1, CHECK_YESNO)}, .title = "SIG REQUIRED", .req = "00"},
    {AI4(4324, 4324), QUERY, .parts = {N(6, CHECK_YYMMD0), N(4, CHECK_HHMI)},
     .title = "NOT BEF DEL DT", .req = "00"},
    {AI4(4325, 4325), QUERY, .parts = {N(6, CHECK_YYMMD0), N(4, CHECK_HHMI)},
     .title = "NOT AFT DEL DT", .req = "00"},
    {AI4(4326, 4326), QUERY, .parts = {N(6, CHECK_YYMMDD)}, .title = "REL DATE", .req = "00"},
    {AI4(4330, 4330), QUERY, .parts = {N(6, 0), OPT_X(1, CHECK_HYPHEN)}, .title = "MAX TEMP F.",
     .req = "00", .ex = "4331"},
    {AI4(4331, 4331), QUERY, .parts = {N(6, 0), OPT_X(1, CHECK_HYPHEN)}, .title = "MAX TEMP C.",
     .req = "00", .ex = "4330"},
    {AI4(4332, 4332), QUERY, .parts = {N(6, 0), OPT_X(1, CHECK_HYPHEN)}, .title = "MIN TEMP F.",
     .req = "00", .ex = "4333"},
    {AI4(4333, 4333), QUERY, .parts = {N(6, 0), OPT_X(1, CHECK_HYPHEN)}, .title = "MIN TEMP C.",
     .req = "00", .ex = "4332"},
};

static const struct ai rows_7[] = {
    {AI4(7001, 7001), QUERY, .parts = {N(13, 0)}, .title = "NSN", .req = "01,02,8006,8026"},
    {AI4(7002, 7002), QUERY, .parts = {X_UPTO(30, 0)}, .title = "MEAT CUT", .req = "01,02"},
    {AI4(7003, 7003), QUERY, .parts = {N(6, CHECK_YYMMDD), N(4, CHECK_HHMI)},
     .title = "EXPIRY TIME", .req = "01,02"},
    {AI4(7004, 7004), QUERY, .parts = {N_UPTO(4, 0)}, .title = "ACTIVE POTENCY", .req = "01+10"},
    {AI4(7005, 7005), QUERY, .parts = {X_UPTO(12, 0)}, .title = "CATCH AREA", .req = "01,02"},
    {AI4(7006, 7006), QUERY, .parts = {N(6, CHECK_YYMMDD)}, .title = "FIRST FREEZE DATE",
     .req = "01,02"},
    {AI4(7007, 7007), QUERY, .parts = {N(6, CHECK_YYMMDD), OPT_N(6, CHECK_YYMMDD)},
     .title = "HARVEST DATE", .req = "01,02"},
    {AI4(7008, 7008), QUERY, .parts = {X_UPTO(3, 0)}, .title = "AQUATIC SPECIES", .req = "01,02"},
    {AI4(7009, 7009), QUERY, .parts = {X_UPTO(10, 0)}, .title = "FISHING GEAR TYPE",
     .req = "01,02"},
    {AI4(7010, 7010), QUERY, .parts = {X_UPTO(2, 0)}, .title = "PROD METHOD", .req = "01,02"},
    {AI4(7011, 7011), QUERY, .parts = {N(6, CHECK_YYMMDD), OPT_N(4, CHECK_HHMI)},
     .title = "TEST BY DATE", .req = "01,02"},
    {AI4(7020, 7020), QUERY, .parts = {X_UPTO(20, 0)}, .title = "REFURB LOT", .req = "01,8006",
     .also = "416"},
    {AI4(7021, 7021), QUERY, .parts = {X_UPTO(20, 0)}, .title = "FUNC STAT", .req = "01,8006"},
    {AI4(7022, 7022), QUERY, .parts = {X_UPTO(20, 0)}, .title = "REV STAT", .req = "7021"},
    {AI4(7023, 7023), QUERY, .parts = {X_UPTO(30, CHECK_GCPPOS1)}, .title = "GIAI - ASSEMBLY"},
    {AI4(7030, 7030), QUERY, .parts = {N(3, CHECK_ISO3166999), X_UPTO(27, 0)},
     .title = "PROCESSOR # 0", .req = "01,02"},
    {AI4(7031, 7031), QUERY, .parts = {N(3, CHECK_ISO3166999), X_UPTO(27, 0)},
     .title = "PROCESSOR # 1", .req = "01,02"},
    {AI4(7032, 7032), QUERY, .parts = {N(3, CHECK_ISO3166999), X_UPTO(27, 0)},
     .title = "PROCESSOR # 2", .req = "01,02"},
    {AI4(7033, 7033), QUERY, .parts = {N(3, CHECK_ISO3166999), X_UPTO(27, 0)},
     .title = "PROCESSOR # 3", .req = "01,02"},
    {AI4(7034, 7034), QUERY, .parts = {N(3, CHECK_ISO3166999), X_UPTO(27, 0)},
     .title = "PROCESSOR # 4", .req = "01,02"},
    {AI4(7035, 7035), QUERY, .parts = {N(3, CHECK_ISO3166999), X_UPTO(27, 0)},
     .title = "PROCESSOR # 5", .req = "01,02"},
    {AI4(7036, 7036), QUERY, .parts = {N(3, CHECK_ISO3166999), X_UPTO(27, 0)},
     .title = "PROCESSOR # 6", .req = "01,02"},
    {AI4(7037, 7037), QUERY, .parts = {N(3, CHECK_ISO3166999), X_UPTO(27, 0)},
     .title = "PROCESSOR # 7", .req = "01,02"},
    {AI4(7038, 7038), QUERY, .parts = {N(3, CHECK_ISO3166999), X_UPTO(27, 0)},
     .title = "PROCESSOR # 8", .req = "01,02"},
    {AI4(7039, 7039), QUERY, .parts = {N(3, CHECK_ISO3166999), X_UPTO(27, 0)},
     .title = "PROCESSOR # 9", .req = "01,02"},
    {AI4(7040, 7040), 0, .parts = {N(1, 0), X(1, 0), X(1, 0), X(1, CHECK_IMPORTERIDX)},
     .title = "UIC+EXT"},
    {AI4(7041, 7041), 0, .parts = {X_UPTO(4, CHECK_PACKAGETYPE)}, .title = "UFRGT UNIT TYPE",
     .req = "00"},
    {AI3(710, 710), QUERY, .parts = {X_UPTO(20, 0)}, .title = "NHRN PZN", .req = "01"},
    {AI3(711, 711), QUERY, .parts = {X_UPTO(20, 0)}, .title = "NHRN CIP", .req = "01"},
    {AI3(712, 712), QUERY, .parts = {X_UPTO(20, 0)}, .title = "NHRN CN", .req = "01"},
    {AI3(713, 713), QUERY, .parts = {X_UPTO(20, 0)}, .title = "NHRN DRN", .req = "01"},
    {AI3(714, 714), QUERY, .parts = {X_UPTO(20, 0)}, .title = "NHRN AIM", .req = "01"},
    {AI3(715, 715), QUERY, .parts = {X_UPTO(20, 0)}, .title = "NHRN NDC", .req = "01"},
    {AI3(716, 716), QUERY, .parts = {X_UPTO(20, 0)}, .title = "NHRN AIC", .req = "01"},
    {AI3(717, 717), QUERY, .parts = {X_UPTO(20, 0)}, .title = "NHRN SRN", .req = "01"},
    {AI4(7230, 7230), QUERY, .parts = {X(2, 0), X_UPTO(28, 0)}, .title = "CERT # 1",
     .req = "01,8004"},
    {AI4(7231, 7231), QUERY, .parts = {X(2, 0), X_UPTO(28, 0)}, .title = "CERT # 2",
     .req = "01,8004"},
    {AI4(7232, 7232), QUERY, .parts = {X(2, 0), X_UPTO(28, 0)}, .title = "CERT # 3",
     .req = "01,8004"},
    {AI4(7233, 7233), QUERY, .parts = {X(2, 0), X_UPTO(28, 0)}, .title = "CERT # 4",
     .req = "01,8004"},
    {AI4(7234, 7234), QUERY, .parts = {X(2, 0), X_UPTO(28, 0)}, .title = "CERT # 5",
     .req = "01,8004"},
    {AI4(7235, 7235), QUERY, .parts = {X(2, 0), X_UPTO(28, 0)}, .title = "CERT # 6",
     .req = "01,8004"},
    {AI4(7236, 7236), QUERY, .parts = {X(2, 0), X_UPTO(28, 0)}, .title = "CERT # 7",
     .req = "01,8004"},
    {AI4(7237, 7237), QUERY, .parts = {X(2, 0), X_UPTO(28, 0)}, .title = "CERT # 8",
     .req = "01,8004"},
    {AI4(7238, 7238), QUERY, .parts = {X(2, 0), X_UPTO(28, 0)}, .title = "CERT # 9",
     .req = "01,8004"},
    {AI4(7239, 7239), QUERY, .parts = {X(2, 0), X_UPTO(28, 0)}, .title = "CERT # 10",
     .req = "01,8004"},
    {AI4(7240, 7240), QUERY, .parts = {X_UPTO(20, 0)}, .title = "PROTOCOL", .req = "01,8006"},
    {AI4(7241, 7241), QUERY, .parts = {N(2, CHECK_MEDIATYPE)}, .title = "AIDC MEDIA TYPE",
     .req = "8017,8018"},
    {AI4(7242, 7242), QUERY, .parts = {X_UPTO(25, 0)}, .title = "VCN", .req = "8017,8018"},
    {AI4(7250, 7250), QUERY, .parts = {N(8, CHECK_YYYYMMDD)}, .title = "DOB", .req = "8018",
     .ex = "7251"},
    {AI4(7251, 7251), QUERY, .parts = {N(8, CHECK_YYYYMMDD), N(4, CHECK_HHMI)}, .title = "DOB TIME",
     .req = "8018", .ex = "7250"},
    {AI4(7252, 7252), QUERY, .parts = {N(1, CHECK_ISO5218)}, .title = "BIO SEX", .req = "8018"},
    {AI4(7253, 7253), QUERY, .parts = {X_UPTO(40, CHECK_PCENC)}, .title = "FAMILY NAME",
     .req = "8017,8018", .ex = "7256,7259"},
    {AI4(7254, 7254), QUERY, .parts = {X_UPTO(40, CHECK_PCENC)}, .title = "GIVEN NAME",
     .req = "8017,8018", .ex = "7256,7259"},
    {AI4(7255, 7255), QUERY, .parts = {X_UPTO(10, 0)}, .title = "SUFFIX", .req = "8017,8018",
     .ex = "7256,7259"},
    {AI4(7256, 7256), QUERY, .parts = {X_UPTO(90, CHECK_PCENC)}, .title = "FULL NAME",
     .req = "8017,8018"},
    {AI4(7257, 7257), QUERY, .parts = {X_UPTO(70, CHECK_PCENC)}, .title = "PERSON ADDR",
     .req = "8018"},
    {AI4(7258, 7258), QUERY, .parts = {X(3, CHECK_POSINSEQSLASH)}, .title = "BIRTH SEQUENCE",
     .req = "8018+7259"},
    {AI4(7259, 7259), QUERY, .parts = {X_UPTO(40, CHECK_PCENC)}, .title = "BABY", .req = "8018",
     .ex = "7256"},
};

static const struct ai rows_8[] = {
    {AI4(8001, 8001), QUERY,
     .parts = {N(4, CHECK_NONZERO), N(5, CHECK_NONZERO), N(3, CHECK_NONZERO), N(1, CHECK_WINDING),
	       N(1, 0)},
     .title = "DIMENSIONS", .req = "01"},
    {AI4(8002, 8002), QUERY, .parts = {X_UPTO(20, 0)}, .title = "CMT No."},
    {AI4(8003, 8003), QUERY,
     .parts = {N(1, CHECK_ZERO), N(13, CHECK_CSUM, CHECK_GCPPOS1), OPT_X_UPTO(16, 0)},
     .title = "GRAI", KEY(ASSET, "")},
    {AI4(8004, 8004), QUERY, .parts = {X_UPTO(30, CHECK_GCPPOS1)}, .title = "GIAI",
     KEY(ASSET, "7040")},
    {AI4(8005, 8005), QUERY, .parts = {N(6, 0)}, .title = "PRICE PER UNIT", .req = "01,02"},
    {AI4(8006, 8006), QUERY, .parts = {N(14, CHECK_CSUM, CHECK_GCPPOS2), N(4, CHECK_PIECEOFTOTAL)},
     .title = "ITIP", KEY(OTHER, "22,10,21"), .ex = "01,37"},
    {AI4(8007, 8007), QUERY, .parts = {X_UPTO(34, CHECK_IBAN)}, .title = "IBAN", .req = "415"},
    {AI4(8008, 8008), QUERY,
     .parts = {N(6, CHECK_YYMMDD), N(2, CHECK_HH), OPT_N(2, CHECK_MI), OPT_N(2, CHECK_SS)},
     .title = "PROD TIME", .req = "01,02"},
    {AI4(8009, 8009), QUERY, .parts = {X_UPTO(50, 0)}, .title = "OPTSEN", .req = "00,01"},
    {AI4(8010, 8010), QUERY, .parts = {Y_UPTO(30, CHECK_GCPPOS1)}, .title = "CPID",
     KEY(OTHER, "8011")},
    {AI4(8011, 8011), 0, .parts = {N_UPTO(12, CHECK_NOZEROPREFIX)}, .title = "CPID SERIAL",
     .req = "8010"},
    {AI4(8012, 8012), QUERY, .parts = {X_UPTO(20, 0)}, .title = "VERSION", .req = "01,8006"},
    {AI4(8013, 8013), QUERY, .parts = {X_UPTO(25, CHECK_CSUMALPHA, CHECK_GCPPOS1)}, .title = "GMN",
     KEY(OTHER, "")},
    {AI4(8014, 8014), 0, .parts = {X_UPTO(25, CHECK_CSUMALPHA, CHECK_GCPPOS1, CHECK_HASNONDIGIT)},
     .title = "MUDI", .req = "01"},
    {AI4(8017, 8017), QUERY, .parts = {N(18, CHECK_CSUM, CHECK_GCPPOS1)},
     .title = "GSRN - PROVIDER", KEY(OTHER, "8019"), .ex = "8018"},
    {AI4(8018, 8018), QUERY, .parts = {N(18, CHECK_CSUM, CHECK_GCPPOS1)},
     .title = "GSRN - RECIPIENT", KEY(OTHER, "8019"), .ex = "8017"},
    {AI4(8019, 8019), 0, .parts = {N_UPTO(10, 0)}, .title = "SRIN", .req = "8017,8018"},
    {AI4(8020, 8020), 0, .parts = {X_UPTO(25, 0)}, .title = "REF No.", .req = "415"},
    {AI4(8026, 8026), QUERY, .parts = {N(14, CHECK_CSUM, CHECK_GCPPOS2), N(4, CHECK_PIECEOFTOTAL)},
     .title = "ITIP CONTENT", .req = "37", .ex = "02,8006"},
    {AI4(8030, 8030), QUERY, .parts = {Z_UPTO(90, 0)}, .title = "DIGSIG",
     .req = "00,01+21,253,255,8003,8004,8006+21,8010+8011,8017,8018"},
    {AI4(8040, 8040), 0, .parts = {N(15, 0)}, .title = "IMEI", .req = "01+21"},
    {AI4(8041, 8041), 0, .parts = {N(15, 0)}, .title = "IMEI2", .req = "01+21+8040"},
    {AI4(8042, 8042), 0, .parts = {N(32, 0)}, .title = "ESIM", .req = "01+21+8040"},
    {AI4(8043, 8043), 0, .parts = {N(18, 0), OPT_N_UPTO(2, 0)}, .title = "PSIM",
     .req = "01+21+8040"},
    {AI4(8110, 8110), QUERY, .parts = {X_UPTO(70, CHECK_COUPONCODE)}, .title = ""},
    {AI4(8111, 8111), QUERY, .parts = {N(4, 0)}, .title = "POINTS", .req = "255"},
    {AI4(8112, 8112), QUERY, .parts = {X_UPTO(70, CHECK_COUPONPOSOFFER)}, .title = ""},
    {AI4(8200, 8200), 0, .parts = {X_UPTO(70, 0)}, .title = "PRODUCT URL", .req = "01"},
};

static const struct ai rows_9[] = {
    {AI2(90, 90), QUERY, .parts = {X_UPTO(30, 0)}, .title = "INTERNAL"},
    {AI2(91, 99), QUERY, .parts = {X_UPTO(90, 0)}, .title = "INTERNAL"},
};

#define RUN(rows)                                      \
	{                                              \
		rows, sizeof(rows) / sizeof((rows)[0]) \
	}
/* By the first digit of an AI: there is none that begins with 5 or 6. */
static const struct {
	const struct ai *rows;
	size_t n;
} runs[10] = {
    [0] = RUN(rows_0), [1] = RUN(rows_1), [2] = RUN(rows_2), [3] = RUN(rows_3),
    [4] = RUN(rows_4), [7] = RUN(rows_7), [8] = RUN(rows_8), [9] = RUN(rows_9),
};

static const struct ai *row_of(unsigned number)
{
	const struct ai *rows = runs[number / 1000].rows;
	size_t lo = 0, hi = runs[number / 1000].n;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		const struct ai *row = &rows[mid];
		if (number > row->hi)
			lo = mid + 1;
		else if (number < row->lo)
			hi = mid;
		else
			return row->digits < 4 || number % 10 <= row->last ? row : NULL;
	}
	return NULL;
}

struct ai_code sy_ai_at(struct sy_str text)
{
	struct ai_code none = {NULL, 0}, ai;
	unsigned number = 0, digits = 0, tens = 1;
	while (digits < 4 && digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
		number = number * 10 + (unsigned)(text.p[digits++] - '0');
	for (unsigned i = digits; i < 4; i++)
		number *= 10;
	ai.row = digits >= 2 ? row_of(number) : NULL;
	if (ai.row == NULL || digits < ai.row->digits)
		return none;
	for (unsigned i = ai.row->digits; i < 4; i++)
		tens *= 10;
	ai.number = number - number % tens;
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
