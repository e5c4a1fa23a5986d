/* What the profiles of the categories ask for, where it is met, and what is excused. */
#include "admit_world.h"

/* --- food ------------------------------------------------------------------------------------ */

#define PRODUCT_WARN(n)                                                           \
	"*" n " /quantityList/0=ingredients *" n " /quantityList/0=allergens *" n \
	" /quantityList/0=storage "
#define BATCH_WARN(n)                                                                         \
	"*" n " /ilmd/suyuan:origin=origin *" n " /suyuan:inspection/report=reportDigest *" n \
	" /inputQuantityList=inputLots"
#define WARN(n) PRODUCT_WARN(n) BATCH_WARN(n)

START_TEST(test_profile)
{
	static const struct row rows[] = {
	    {"whole", DAIRY, ADD("1", "A1", KG, DATES), 0, WARN("0")},
	    {"missing", DAIRY, ADD("1", "A1", "", ""), 422,
	     "0 /quantityList/0/quantity=quantity 0 /quantityList/0/uom=unit "
	     "0 /ilmd/suyuan:productionDate=made 0 /ilmd/cbvmda:itemExpirationDate=expires " WARN(
		 "0")},
	    {"what the product should have is said once", DAIRY,
	     ADD("1", "A1", KG, DATES) "\n" ADD("2", "A2", KG, DATES), 0,
	     WARN("0") " " BATCH_WARN("1")},
	    {"a lot that is told already", DAIRY,
	     ADD("1", "A1", KG, DATES) "\n" ADD(
		 "2", "A1", KG, "") "\n{'type':'ObjectEvent','action':'ADD','eventID':'urn:e:3'," AT
				    ",'epcList':['" MILK "/10/A1/21/7']}",
	     0, WARN("0")},
	    {"best before will do", DAIRY,
	     ADD("1", "A1", KG,
		 "'suyuan:productionDate':'2020-05-01','cbvmda:bestBeforeDate':'2020-06-01'"),
	     0, WARN("0")},
	    {"expiry before production", DAIRY,
	     ADD("1", "A1", KG,
		 "'suyuan:productionDate':'2020-05-01','cbvmda:bestBeforeDate':'2020-04-30'"),
	     422, "0 /ilmd/cbvmda:bestBeforeDate " WARN("0")},
	    {"form and profile at once", DAIRY,
	     ADD("1", "A1", KG, "'suyuan:productionDate':'yesterday'"), 400,
	     "0 /ilmd/suyuan:productionDate 0 /ilmd/cbvmda:itemExpirationDate=expires " WARN("0")},
	    {"dates stand for a lot", DAIRY,
	     "{'type':'ObjectEvent','action':'ADD'," AT ",'quantityList':[{'epcClass':'" MILK "'" KG
	     "}],'ilmd':{" DATES "},'suyuan:inspection':{'number':'R1','result':'pass'}}",
	     0, PRODUCT_WARN("0") "*0 /quantityList/0=lot " BATCH_WARN("0")},
	    {"nothing stands for a lot", DAIRY,
	     "{'type':'ObjectEvent','action':'ADD'," AT ",'quantityList':[{'epcClass':'" MILK "'" KG
	     "}],'ilmd':{'suyuan:productionDate':'2020-05-01'},"
	     "'suyuan:inspection':{'number':'R1','result':'pass'}}",
	     422,
	     "0 /quantityList/0=lotOrDates 0 /ilmd/cbvmda:itemExpirationDate=expires " PRODUCT_WARN(
		 "0") "*0 /quantityList/0=lot " BATCH_WARN("0")},
	    {"a lot in the ilmd", DAIRY,
	     "{'type':'ObjectEvent','action':'ADD'," AT ",'quantityList':[{'epcClass':'" MILK "'" KG
	     "}],'ilmd':{'cbvmda:lotNumber':'A1'," DATES
	     "},'suyuan:inspection':{'number':'R1','result':'pass'}}",
	     0, WARN("0")},
	    {"all that should be", DAIRY,
	     "{'type':'TransformationEvent','inputQuantityList':[{'epcClass':'urn:x:raw'}],"
	     "'outputQuantityList':[{'epcClass':'" MILK "/10/A1'" KG "}]," AT ",'ilmd':{" DATES
	     ",'suyuan:origin':'130100'},'suyuan:inspection':{'number':'R1','result':'pass',"
	     "'report':{'sm3':'0123456789012345678901234567890123456789012345678901234567890123'}"
	     "}}",
	     0,
	     "*0 /outputQuantityList/0=ingredients *0 /outputQuantityList/0=allergens "
	     "*0 /outputQuantityList/0=storage"},
	    {"a place with a region is an origin", DAIRY,
	     "{'type':'ObjectEvent','action':'ADD'," AT ",'bizLocation':{'id':'urn:dairy:works'},"
	     "'quantityList':[{'epcClass':'" MILK "/10/A1'" KG "}],'ilmd':{" DATES
	     "},'suyuan:inspection':{'number':'R1','result':'pass'}}",
	     0,
	     PRODUCT_WARN("0") "*0 /suyuan:inspection/report=reportDigest "
			       "*0 /inputQuantityList=inputLots"},
	    {"an inspection that failed", DAIRY,
	     "{'type':'ObjectEvent','action':'ADD'," AT ",'quantityList':[{'epcClass':'" MILK
	     "/10/A1'" KG "}],'ilmd':{" DATES
	     "},'suyuan:inspection':{'number':'R1','result':'fail'}}",
	     0, "*0 /suyuan:inspection/result=inspection " WARN("0")},
	};
	RUN(rows);
}
END_TEST

/* --- values ---------------------------------------------------------------------------------- */

#define OTHER(ilmd)                                                                               \
	"{'type':'ObjectEvent','action':'ADD'," AT                                                \
	",'quantityList':[{'epcClass':'urn:suyuan:own:$farm.keyid:tomato:lot:1','quantity':1}],'" \
	"ilmd':{" ilmd "}}"
#define UNKNOWN(ilmd)                              \
	"{'type':'ObjectEvent','action':'ADD'," AT \
	",'quantityList':[{'epcClass':'urn:x:y','quantity':1}],'ilmd':{" ilmd "}}"

START_TEST(test_values)
{
	say(REGULATOR, "{'type':'Rules','kind':'profile','name':'profile/agri','category':'agri',"
		       "'fields':{},'replaces':$agri.record}");
	static const struct row rows[] = {
	    {"legal ones", FARM,
	     OTHER(
		 "'suyuan:origin':'130100','suyuan:packRatio':'1:5:2500','suyuan:inputs':[{'name':"
		 "'x','stopDate':'2020-04-01'}],'suyuan:pledge':{'number':'1','basis':'control'}"),
	     0, ""},
	    {"nothing at all", FARM, OTHER("'suyuan:origin':'','suyuan:packRatio':''"), 0, ""},
	    {"escaped", FARM, OTHER("'suyuan:origin':'\\u0031\\u0033\\u0030100'"), 0, ""},
	    {"an unknown province", FARM, OTHER("'suyuan:origin':'990100'"), 0,
	     "*0 /ilmd/suyuan:origin=origin"},
	    {"regions", FARM, OTHER("'suyuan:origin':'13010'"), 422,
	     "0 /ilmd/suyuan:origin=origin"},
	    {"a region in letters", FARM, OTHER("'https://suyuan.dev/ns/origin':'Hebei!'"), 422,
	     "0 /ilmd/https:~1~1suyuan.dev~1ns~1origin=origin"},
	    {"a region as a number", FARM, OTHER("'suyuan:origin':130100"), 422,
	     "0 /ilmd/suyuan:origin=origin"},
	    {"a ratio of one", FARM, OTHER("'suyuan:packRatio':'1'"), 422,
	     "0 /ilmd/suyuan:packRatio=packRatio"},
	    {"a ratio that falls", FARM, OTHER("'suyuan:packRatio':'1:5:2'"), 422,
	     "0 /ilmd/suyuan:packRatio=packRatio"},
	    {"a ratio of nothing", FARM, OTHER("'suyuan:packRatio':'0:5'"), 422,
	     "0 /ilmd/suyuan:packRatio=packRatio"},
	    {"a ratio with holes", FARM, OTHER("'suyuan:packRatio':'1::5'"), 422,
	     "0 /ilmd/suyuan:packRatio=packRatio"},
	    {"a ratio of many", FARM, OTHER("'suyuan:packRatio':'1:2:3:4:5:6'"), 422,
	     "0 /ilmd/suyuan:packRatio=packRatio"},
	    {"a basis that is none", FARM, OTHER("'suyuan:pledge':{'number':'1','basis':'hope'}"),
	     422, "0 /ilmd/suyuan:pledge/basis=pledge"},
	    {"a pledge without number", FARM, OTHER("'suyuan:pledge':{'basis':'control'}"), 422,
	     "0 /ilmd/suyuan:pledge/number=pledge"},
	    {"inputs without a date", FARM,
	     OTHER("'suyuan:inputs':[{'name':'x','stopDate':'2020-04-01'},{'name':'y'}]"), 422,
	     "0 /ilmd/suyuan:inputs/1/stopDate=inputs"},
	    {"inputs without a name", FARM, OTHER("'suyuan:inputs':[{'stopDate':'2020-04-01'}]"),
	     422, "0 /ilmd/suyuan:inputs/0/name=inputs"},
	    {"inputs that are a text", FARM, OTHER("'suyuan:inputs':'none'"), 422,
	     "0 /ilmd/suyuan:inputs=inputs"},
	    {"what has no profile", DAIRY, UNKNOWN("'suyuan:inputs':'none','suyuan:origin':1"), 0,
	     "*0 /ilmd/suyuan:origin=origin *0 /ilmd/suyuan:inputs=inputs"},
	    {"a long lot", FARM,
	     UNKNOWN("'cbvmda:lotNumber':'一二三四五六七八九十一二三四五六七八九十'"), 0, ""},
	    {"too long a lot, of what has no profile", FARM,
	     UNKNOWN("'cbvmda:lotNumber':'一二三四五六七八九十一二三四五六七八九十一'"), 0,
	     "*0 /ilmd/cbvmda:lotNumber=lot"},
	    {"too long a lot", FARM,
	     "{'type':'ObjectEvent','action':'ADD'," AT
	     ",'quantityList':[{'epcClass':'urn:x:y','quantity':1},{'epcClass':"
	     "'urn:suyuan:own:$farm.keyid:tomato','quantity':1}],'ilmd':{'cbvmda:lotNumber':"
	     "'一二三四五六七八九十一二三四五六七八九十一'}}",
	     422, "*0 /ilmd/cbvmda:lotNumber=lot 0 /ilmd/cbvmda:lotNumber=lot"},
	    {"expired before the harvest", FARM,
	     OTHER("'cbvmda:harvestEndDate':'2020-05-01','cbvmda:itemExpirationDate':'2020-04-30',"
		   "'cbvmda:bestBeforeDate':'2020-05-01'"),
	     422, "0 /ilmd/cbvmda:itemExpirationDate=expires"},
	    {"made after the event", FARM, OTHER("'suyuan:productionDate':'2020-05-02'"), 0,
	     "*0 /ilmd/suyuan:productionDate=made"},
	    {"made on the day of the event", FARM, OTHER("'suyuan:productionDate':'2020-05-01'"), 0,
	     ""},
	    {"inspected before it was made", FARM,
	     "{'type':'ObjectEvent','action':'ADD'," AT
	     ",'quantityList':[{'epcClass':'urn:x:y','quantity':1}],'ilmd':{"
	     "'suyuan:productionDate':'2020-05-01'},'suyuan:inspection':{'date':'2020-04-30'}}",
	     0, "*0 /suyuan:inspection/date=inspection"},
	    {"used after the harvest", FARM,
	     OTHER("'cbvmda:harvestEndDate':'2020-05-01','suyuan:inputs':[{'name':'x','stopDate':"
		   "'2020-05-01'},{'name':'y','stopDate':'2020-05-02'}]"),
	     0, "*0 /ilmd/suyuan:inputs/1/stopDate=inputs"},
	};
	RUN(rows);
}
END_TEST

#define GOOD(more) \
	"{'type':'Product','code':'06901234000009','name':{'en':'X'},'category':'other'," more "}"

START_TEST(test_product_values)
{
	static const struct row rows[] = {
	    {"legal ones", DAIRY,
	     GOOD("'storage':{'min':-18.5,'max':-18.5},'warranty':'P1Y6M','pledge':{'text':'x'}"),
	     0, ""},
	    {"storage in words", DAIRY, GOOD("'storage':{'min':'cold'}"), 400, "0 /storage/min"},
	    {"storage upside down", DAIRY, GOOD("'storage':{'min':6,'max':2}"), 422,
	     "0 /storage/max"},
	    {"warranty in words", DAIRY, GOOD("'warranty':'a year'"), 422, "0 /warranty"},
	    {"warranty of nothing", DAIRY, GOOD("'warranty':'P'"), 422, "0 /warranty"},
	    {"warranty out of order", DAIRY, GOOD("'warranty':'P6M1Y'"), 422, "0 /warranty"},
	    {"a pledge's members", DAIRY, GOOD("'pledge':{'url':7}"), 400, "0 /pledge/url"},
	    {"a holder", DAIRY, GOOD("'holder':'$pharmacy.id'"), 0, ""},
	    {"a holder whom nobody knows", DAIRY, GOOD("'holder':'urn:nobody:x'"), 0,
	     "*0 /holder=holder"},
	    {"licences of known kinds", DAIRY,
	     GOOD("'licences':[{'kind':'SC','number':'SC10744030704994'},{'kind':'GYZZ','number':"
		  "'国药准字H13020001'},{'kind':'CCC','number':'2020010101234567'},{'kind':'XK',"
		  "'number':'XK08-001-00001'},{'kind':'GREEN','number':'whatever'}]"),
	     0, ""},
	    {"what warns of them", DAIRY,
	     GOOD("'licences':[{'kind':'SC','number':'SC10744030704993'},{'kind':'SC','number':"
		  "'x'},{'kind':'GYZZ','number':'H13020001'},{'kind':'CCC','number':'1','until':"
		  "'2020-01-01'},{'kind':'XK','number':'XK08'}]"),
	     0,
	     "*0 /licences/0/number=licences *0 /licences/1/number=licences "
	     "*0 /licences/2/number=licences *0 /licences/3/number=licences "
	     "*0 /licences/3/until=licences *0 /licences/4/number=licences"},
	    {"what its batches will be asked for", DAIRY,
	     "{'type':'Product','code':'06901234000009','name':{'en':'X'},'category':'food',"
	     "'specification':'x','ingredients':['x'],'allergens':[],'storage':{'max':6}}",
	     0, "*0 /standard=standard *0 /licences=licences"},
	    {"a code of one's own", FARM,
	     "{'type':'Product','code':'urn:suyuan:own:$farm.keyid:leek','name':{'en':'X'},"
	     "'category':'agri'}",
	     0, "*0 /code=productCode"},
	};
	RUN(rows);
}
END_TEST

/* --- the other categories -------------------------------------------------------------------- */

#define TOMATO(ilmd)                                                                      \
	"{'type':'ObjectEvent','action':'ADD'," AT                                        \
	",'quantityList':[{'epcClass':'urn:suyuan:own:$farm.keyid:tomato:lot:1'" KG "}]," \
	"'ilmd':{" ilmd "}}"
#define GROWN                                                                            \
	"'cbvmda:harvestEndDate':'2020-05-01','suyuan:origin':'130102','suyuan:pledge':" \
	"{'number':'1','basis':'control'},'suyuan:inputs':[]"
#define AGRI_WARN                                                          \
	"*0 /quantityList/0=productCode *0 /suyuan:inspection=inspection " \
	"*0 /inputQuantityList=inputLots"

START_TEST(test_agri)
{
	static const struct row rows[] = {
	    {"whole", FARM, TOMATO(GROWN), 0, AGRI_WARN},
	    {"in full names", FARM,
	     TOMATO("'urn:epcglobal:cbv:mda:harvestEndDate':'2020-05-01',"
		    "'urn:epcglobal:cbv:mda:countryOfOrigin':'CN','suyuan:inputs':[],"
		    "'https://suyuan.dev/ns/pledge':{'number':'1','basis':'control'}"),
	     0, AGRI_WARN},
	    {"with prefixes of one's own", FARM,
	     "{'type':'ObjectEvent','action':'ADD'," AT
	     ",'quantityList':[{'epcClass':'urn:suyuan:own:$farm.keyid:tomato:lot:1'" KG "}],"
	     "'ilmd':{'m:harvestEndDate':'2020-05-01','s:origin':{'@value':'130102'},"
	     "'s:inputs':[{'name':'x','stopDate':'2020-05-02'}],"
	     "'s:pledge':{'number':'1','basis':'control'}},"
	     "'s:inspection':{'number':'1','result':'fail','date':'2020-04-30'},"
	     "'@context':{'m':'urn:epcglobal:cbv:mda:','s':'https://suyuan.dev/ns/'}}",
	     0,
	     "*0 /ilmd/s:inputs/0/stopDate=inputs *0 /s:inspection/result=inspection "
	     "*0 /quantityList/0=productCode *0 /suyuan:inspection/report=reportDigest "
	     "*0 /inputQuantityList=inputLots"},
	    {"wrong, with a prefix of one's own", FARM,
	     "{'type':'ObjectEvent','action':'ADD'," AT
	     ",'quantityList':[{'epcClass':'urn:suyuan:own:$farm.keyid:tomato:lot:1'" KG "}],"
	     "'ilmd':{" GROWN ",'s:packRatio':'1'},'@context':{'s':'https://suyuan.dev/ns/'}}",
	     422, "0 /ilmd/s:packRatio=packRatio " AGRI_WARN},
	    {"another's namespace", FARM,
	     "{'type':'ObjectEvent','action':'ADD'," AT
	     ",'quantityList':[{'epcClass':'urn:suyuan:own:$farm.keyid:tomato:lot:1'" KG "}],"
	     "'ilmd':{" GROWN "},'@context':{'suyuan':'https://example.com/ns/'}}",
	     422,
	     "0 /ilmd/suyuan:origin=origin 0 /ilmd/suyuan:pledge=pledge "
	     "0 /ilmd/suyuan:inputs=inputs " AGRI_WARN},
	    {"missing, and one that is wrong", FARM,
	     TOMATO("'suyuan:pledge':{'number':'1','basis':'hope'}"), 422,
	     "0 /ilmd/suyuan:pledge/basis=pledge 0 /ilmd/cbvmda:harvestEndDate=harvested "
	     "0 /ilmd/suyuan:origin=origin 0 /ilmd/suyuan:inputs=inputs " AGRI_WARN},
	};
	RUN(rows);
	/* without a subject code it is a firm's: who it is, and where */
	enrol(REGULATOR, FARM,
	      "{'type':'Party','id':'$farm.id','name':{'zh':'合作社'},'roles':['producer'],"
	      "'region':'130102','keys':[$farm.keys],'replaces':$farm.record}");
	static const struct row after[] = {
	    {"nobody known", FARM, TOMATO(GROWN), 422,
	     "0 =producer 0 =address 0 =contact *0 /quantityList/0=productCode "
	     "*0 /suyuan:inspection=inspection *0 /inputQuantityList=inputLots"},
	    {"a place of its own, said just now", FARM,
	     "{'type':'Place','id':'urn:farm:yard','name':{'en':'x'},'party':'$farm.id',"
	     "'address':'x','phone':'1'}\n"
	     "{'type':'ObjectEvent','action':'ADD'," AT
	     ",'quantityList':[{'epcClass':'urn:suyuan:own:$farm.keyid:tomato:lot:1'" KG "}],"
	     "'ilmd':{" GROWN "}}",
	     422,
	     "1 =producer *1 /quantityList/0=productCode *1 /suyuan:inspection=inspection "
	     "*1 /inputQuantityList=inputLots"},
	    {"a contact of its own", FARM,
	     "{'type':'Contact','id':'urn:farm:yard','party':'$farm.id','address':'x'}\n" TOMATO(
		 GROWN),
	     422,
	     "1 =producer 1 =address *1 /quantityList/0=productCode "
	     "*1 /suyuan:inspection=inspection *1 /inputQuantityList=inputLots"},
	};
	RUN(after);
	static const struct row hash[] = {
	    {"a hash that is none", OPERATOR, NEW "'roles':[],'keys':[],'idHash':'x'}", 422,
	     "0 /idHash"},
	};
	RUN(hash);
}
END_TEST

#define DRUG                                                                               \
	"{'type':'Product','code':'06901234000009','name':{'zh':'药'},'category':'drug'," \
	"'specification':'x','holder':'$dairy.id','standard':'x','storage':{'max':25},"    \
	"'licences':[{'kind':'GYZZ','number':'国药准字H13020001'},{'kind':'YPSC','number':'x'}]}"
#define PILLS(list)                                                          \
	"{'type':'ObjectEvent','action':'ADD'," AT "," list "'ilmd':{" DATES \
	",'suyuan:packRatio':'1:5','suyuan:origin':'130100'},"               \
	"'suyuan:inspection':{'number':'R1','result':'pass'}}"
#define PILL "https://id.gs1.org/01/06901234000009"
#define DRUG_WARN "*1 /suyuan:inspection/report=reportDigest *1 /inputQuantityList=inputLots"

START_TEST(test_drug)
{
	static const struct row rows[] = {
	    {"a lot without serials", DAIRY,
	     DRUG "\n" PILLS("'quantityList':[{'epcClass':'" PILL "/10/A','quantity':2}],"), 422,
	     "1 /epcList=serial " DRUG_WARN},
	    {"a lot and its units", DAIRY,
	     DRUG "\n" PILLS("'quantityList':[{'epcClass':'" PILL "/10/A','quantity':2}],"
			     "'epcList':['" PILL "/10/A/21/1','" PILL "/10/A/21/2'],"),
	     0, DRUG_WARN},
	    {"units of no lot", DAIRY, DRUG "\n" PILLS("'epcList':['" PILL "/21/1'],"), 422,
	     "1 /epcList/0=lot " DRUG_WARN},
	    {"nothing said", DAIRY,
	     "{'type':'Product','code':'urn:suyuan:own:91350100M000100Y43:pill','name':{'zh':'药'},"
	     "'category':'drug'}\n"
	     "{'type':'ObjectEvent','action':'ADD'," AT
	     ",'epcList':['urn:suyuan:own:91350100M000100Y43:pill:lot:1:serial:1']}",
	     422,
	     "*0 /code=productCode *0 /specification=specification *0 /standard=standard "
	     "*0 /storage=storage *0 /holder=holder *0 /licences=licences *0 /licences=licences "
	     "1 /epcList/0=licences *1 /epcList/0=licences "
	     "1 /epcList/0=productCode 1 /epcList/0=specification 1 /epcList/0=holder "
	     "1 /ilmd/suyuan:productionDate=made 1 /ilmd/cbvmda:itemExpirationDate=expires "
	     "1 /suyuan:inspection=inspection 1 /ilmd/suyuan:packRatio=packRatio "
	     "*1 /epcList/0=standard"},
	    {"more than an answer has faults for", FARM,
	     "{'type':'Product','code':'urn:suyuan:own:$farm.keyid:pill','name':{'zh':'药'},"
	     "'category':'drug'}\n"
	     "{'type':'ObjectEvent','action':'ADD'," AT
	     ",'quantityList':[{'epcClass':'urn:suyuan:own:$farm.keyid:pill'}]}",
	     422,
	     "*0 /code=productCode *0 /specification=specification *0 /standard=standard "
	     "*0 /storage=storage *0 /holder=holder *0 /licences=licences *0 /licences=licences "
	     "1 /quantityList/0=licences 1 /quantityList/0=productCode "
	     "1 /quantityList/0=specification 1 /quantityList/0=holder 1 =producer 1 =address "
	     "1 =contact 1 /quantityList/0=lot 1 /epcList=serial 1 =quantity"},
	};
	RUN(rows);
}
END_TEST

#define TOY(standard, licences)                                                                \
	"{'type':'Product','code':'06901234000009','name':{'en':'X'},'category':'industrial'," \
	"'specification':'x','warranty':'P1Y','pledge':{'text':'x'},'standard':'" standard "'" \
	"" licences "}"
#define MADE_ON(day)                                                                         \
	"\n{'type':'ObjectEvent','action':'ADD'," AT ",'epcList':['" PILL "/21/1'],'ilmd':{" \
	"'suyuan:productionDate':'" day "','suyuan:origin':'130100'},'suyuan:inspection':{"  \
	"'number':'R1','result':'pass'}}"
#define CCC(more) ",'licences':[{'kind':'CCC','number':'2020010101234567'" more "}]"

START_TEST(test_listed)
{
	static const struct row rows[] = {
	    {"nothing listed", DAIRY, TOY("GB 1", "") MADE_ON("2020-05-01"), 0, DRUG_WARN},
	    {"a toy", DAIRY, TOY("GB 6675.1-2014", "") MADE_ON("2020-05-01"), 422,
	     "*0 /licences=licences 1 /epcList/0=licences " DRUG_WARN},
	    {"of several standards", DAIRY, TOY("GB 1, GB6675-2003", "") MADE_ON("2020-05-01"), 422,
	     "*0 /licences=licences 1 /epcList/0=licences " DRUG_WARN},
	    {"another number", DAIRY, TOY("GB 66750", "") MADE_ON("2020-05-01"), 0, DRUG_WARN},
	    {"another series", DAIRY, TOY("QGB 6675", "") MADE_ON("2020-05-01"), 0, DRUG_WARN},
	    {"a toy with its certificate", DAIRY, TOY("GB 6675.1", CCC("")) MADE_ON("2020-05-01"),
	     0, DRUG_WARN},
	    {"until the day of making", DAIRY,
	     TOY("GB 6675.1", CCC(",'until':'2020-05-01'")) MADE_ON("2020-05-01"), 0,
	     "*0 /licences/0/until=licences " DRUG_WARN},
	    {"until the day before", DAIRY,
	     TOY("GB 6675.1", CCC(",'until':'2020-05-01'")) MADE_ON("2020-05-02"), 422,
	     "*0 /licences/0/until=licences *1 /ilmd/suyuan:productionDate=made "
	     "1 /epcList/0=licences " DRUG_WARN},
	    {"a list that isn't sure warns", DAIRY, TOY("GB 175", "") MADE_ON("2020-05-01"), 0,
	     "*0 /licences=licences *1 /epcList/0=licences " DRUG_WARN},
	};
	RUN(rows);
	say(REGULATOR,
	    "{'type':'Rules','name':'listed/mine','kind':'listed','category':'industrial',"
	    "'licence':'XK','products':{'06901234000009':'x'}}");
	static const struct row after[] = {
	    {"listed by its code", DAIRY, TOY("GB 1", "") MADE_ON("2020-05-01"), 422,
	     "*0 /licences=licences 1 /epcList/0=licences " DRUG_WARN},
	};
	RUN(after);
}
END_TEST

/* --- a building site ------------------------------------------------------------------------- */

#define INSTALL(more)                                                           \
	"\n{'type':'ObjectEvent','action':'OBSERVE','bizStep':'installing'," AT \
	",'epcList':['" PILL "/21/1']" more "}"
#define SITE(id, more) \
	"{'type':'Place','id':'" id "','name':{'en':'X'},'party':'$dairy.id'" more "}"

START_TEST(test_site)
{
	say(DAIRY, TOY("GB 1", ""));
	say(DAIRY, SITE("urn:site:1", ",'project':'P','part':'Q'"));
	static const struct row rows[] = {
	    {"nothing said", PHARMACY, INSTALL(""), 422,
	     "0 /bizLocation=project 0 /bizLocation=part 0 /suyuan:site/sample=sample "
	     "0 /suyuan:site/supervisor=supervisor"},
	    {"a place that tells it", PHARMACY,
	     INSTALL(",'bizLocation':{'id':'urn:site:1'},'suyuan:site':{'sample':'1',"
		     "'supervisor':'x'}"),
	     0, ""},
	    {"the read point tells it too", PHARMACY,
	     INSTALL(",'readPoint':{'id':'urn:site:1'},'https://suyuan.dev/ns/site':{'sample':'1',"
		     "'supervisor':'x'}"),
	     0, ""},
	    {"all in the event", PHARMACY,
	     INSTALL(",'suyuan:site':{'project':'P','part':'Q','sample':'1','supervisor':'x'}"), 0,
	     ""},
	    {"with a prefix of one's own", PHARMACY,
	     INSTALL(
		 ",'@context':{'s':'https://suyuan.dev/ns/'},'s:site':{'project':'P','part':'Q',"
		 "'sample':'1','supervisor':'x'}"),
	     0, ""},
	    {"a place that is no site", PHARMACY,
	     INSTALL(",'bizLocation':{'id':'urn:dairy:works'},'suyuan:site':{'sample':'',"
		     "'supervisor':'x'}"),
	     422, "0 /bizLocation=project 0 /bizLocation=part 0 /suyuan:site/sample=sample"},
	    {"of another category", PHARMACY,
	     "{'type':'ObjectEvent','action':'OBSERVE','bizStep':'installing'," AT
	     ",'epcList':['" MILK "/21/1']}",
	     0, ""},
	    {"of an unknown product", PHARMACY,
	     "{'type':'ObjectEvent','action':'OBSERVE','bizStep':'installing'," AT
	     ",'epcList':['https://id.gs1.org/01/06905678000007/21/1','urn:x:y']}",
	     0, ""},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct row row = rows[i];
		row.records += row.records[0] == '\n';
		run_rows(&row, 1);
	}
}
END_TEST

/* --- rules ----------------------------------------------------------------------------------- */

#define RULES "{'type':'Rules','kind':'profile','name':'profile/food','category':'food','fields':"
#define LISTED "{'type':'Rules','kind':'listed','category':'industrial',"
#define EXEMPT(who)                                                                     \
	"{'type':'Rules','kind':'exemption','name':'exemption/1','until':'2999-12-31'," \
	"'reason':'x'," who ",'fields':"

START_TEST(test_rules)
{
	static const struct row rows[] = {
	    {"not by a producer", DAIRY, RULES "{'lot':'M'}}", 403, "0 /type 0 /name"},
	    {"it is there", REGULATOR, RULES "{'lot':'M'}}", 409, "0 /name"},
	    {"fields and weights", REGULATOR,
	     RULES "{'colour':'M','lot':'X','contact':'Z'},'licences':{'SC':'must'},"
		   "'replaces':$food.record}",
	     422, "0 /fields/colour 0 /fields/lot 0 /fields/contact 0 /licences/SC"},
	    {"another's name", REGULATOR,
	     "{'type':'Rules','kind':'profile','name':'x','category':'food','fields':{}}", 422,
	     "0 /name"},
	    {"limits", OPERATOR,
	     "{'type':'Rules','kind':'limits','name':'limits','limits':{'futureHours':9999,'x':1}}",
	     409, "0 /limits/futureHours 0 /limits/x 0 /name"},
	    {"another kind", OPERATOR, "{'type':'Rules','kind':'x','name':'x'}", 422, "0 /kind"},
	    {"a list", REGULATOR,
	     LISTED "'name':'listed/x','licence':'XK','weight':'S','standards':{'GB 1':''},"
		    "'products':{'06901234567892':''}}",
	     0, ""},
	    {"a list's form", REGULATOR, LISTED "'name':'listed/','weight':'O'}", 400,
	     "0 /name 0 /licence 0 /weight 0 "},
	    {"a list of what is no code", REGULATOR,
	     LISTED "'name':'listed/x','licence':'XK','products':{'06901234567893':''}}", 422,
	     "0 /products"},
	    {"an exemption", REGULATOR, EXEMPT("'party':'$dairy.id'") "{'inspection':'S'}}", 0, ""},
	    {"an exemption's form", REGULATOR, "{'type':'Rules','kind':'exemption','name':'x'}",
	     400, "0 /name 0 /fields 0 /until 0 /reason 0 "},
	    {"an exemption is no must", REGULATOR,
	     EXEMPT("'party':'$dairy.id'") "{'inspection':'M','x':'S'}}", 422,
	     "0 /fields/inspection 0 /fields/x"},
	    {"of a party elsewhere", REGULATOR, EXEMPT("'party':'$pharmacy.id'") "{}}", 403,
	     "0 /party"},
	    {"by an operator", OPERATOR, EXEMPT("'party':'$pharmacy.id'") "{}}", 0, ""},
	    {"of a product", REGULATOR, EXEMPT("'product':'" MILK "'") "{}}", 0, ""},
	    {"of a product elsewhere", SOUTH, EXEMPT("'product':'" MILK "'") "{}}", 403,
	     "0 /product"},
	    {"of nothing there", OPERATOR,
	     EXEMPT("'product':'06901234000009','party':'urn:nobody:x'") "{}}", 422,
	     "0 /product 0 /party"},
	    {"by a producer", DAIRY, EXEMPT("'party':'$dairy.id'") "{}}", 403, "0 /party 0 /type"},
	};
	RUN(rows);
}
END_TEST

#define UNINSPECTED(lot)                                                                 \
	"{'type':'ObjectEvent','action':'ADD'," AT ",'quantityList':[{'epcClass':'" MILK \
	"/10/" lot "'" KG "}],'ilmd':{" DATES ",'suyuan:origin':'130100'}}"
#define MISSED PRODUCT_WARN("0") "*0 /inputQuantityList=inputLots"

START_TEST(test_exemption)
{
	static const struct row before[] = {
	    {"refused", DAIRY, UNINSPECTED("A1"), 422, "0 /suyuan:inspection=inspection " MISSED},
	};
	static const struct row warned[] = {
	    {"taken with a warning", DAIRY, UNINSPECTED("A1"), 0,
	     "*0 /suyuan:inspection=inspection " MISSED},
	    {"for nothing else", DAIRY, ADD("1", "A1", "", DATES), 422,
	     "0 /quantityList/0/quantity=quantity 0 /quantityList/0/uom=unit " WARN("0")},
	};
	static const struct row silent[] = {{"taken", DAIRY, UNINSPECTED("A1"), 0, MISSED}};
	RUN(before);
	uint64_t record =
	    say(REGULATOR, EXEMPT("'product':'" MILK "'") "{'inspection':'S','lot':'S'}}");
	RUN(warned);
	/* until its last day is over */
	int32_t today = sy_date_of(sy_time_now(), 480);
	uint64_t until;
	char day[12];
	sy_date_format(today, day);
	ck_assert_int_eq(sy_until_parse(sy_str(day), &until), SY_OK);
	record = say(OPERATOR, sy_arena_printf(&w.arena,
					       "{'type':'Rules','kind':'exemption','name':"
					       "'exemption/1','until':'%s','reason':'x','party':"
					       "'$dairy.id','fields':{'inspection':'O'},"
					       "'replaces':%llu}",
					       day, (unsigned long long)record));
	RUN(silent);
	uint32_t late = (uint32_t)(until / 1000) + 9;
	struct admit_verdict *v = check(submission(DAIRY, UNINSPECTED("A1"), late));
	ck_assert_uint_eq(v->not_after, until);
	v = check(submission(DAIRY, ADD("1", "A1", KG, DATES), late));
	ck_assert_uint_eq(v->not_after, late * UINT64_C(1000));
	say(OPERATOR, sy_arena_printf(&w.arena,
				      "{'type':'Rules','kind':'exemption','name':'exemption/1',"
				      "'until':'2020-12-31','reason':'x','party':'$dairy.id',"
				      "'fields':{'inspection':'O'},'replaces':%llu}",
				      (unsigned long long)record));
	RUN(before);
}
END_TEST

/* An override that an authority gave stays when the party changes its keys. */
START_TEST(test_override)
{
	enrol(REGULATOR, STRANGER,
	      NEW "'roles':['producer'],'keys':[$stranger.keys],'region':'130200','uscc':"
		  "'91350100M000100Y4A','override':{'reason':'as on its licence'}}");
	static const struct row rows[] = {
	    {"its names", STRANGER,
	     "{'type':'Party','id':'$stranger.id','name':{'en':'Y'},'roles':['producer'],"
	     "'keys':[$stranger.keys],'region':'130200','uscc':'91350100M000100Y4A',"
	     "'override':{'reason':'as on its licence'},'replaces':$stranger.record}",
	     0, "*0 /uscc"},
	    {"without it", STRANGER,
	     "{'type':'Party','id':'$stranger.id','name':{'en':'Y'},'roles':['producer'],"
	     "'keys':[$stranger.keys],'region':'130200','uscc':'91350100M000100Y4A',"
	     "'replaces':$stranger.record}",
	     403, "0 /override 0 /uscc"},
	    {"of its own making", DAIRY,
	     PARTY("dairy") "'roles':['producer'],'region':'130100','uscc':'91350100M000100Y4A',"
			    "'override':{'reason':'x'},'prefixes':['6901234'],"
			    "'keys':[$dairy.keys],'replaces':$dairy.record}",
	     403, "0 /uscc 0 /override *0 /uscc"},
	};
	RUN(rows);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("admit_profile");
	add(s, "profile", test_profile);
	add(s, "values", test_values);
	add(s, "values", test_product_values);
	add(s, "agri", test_agri);
	add(s, "drug", test_drug);
	add(s, "listed", test_listed);
	add(s, "site", test_site);
	add(s, "rules", test_rules);
	add(s, "exemption", test_exemption);
	add(s, "override", test_override);
	return s;
}
