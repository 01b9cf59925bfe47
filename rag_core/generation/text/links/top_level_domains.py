"""Top-level domains: the endings by which a bare name is a link for Slack and other readers."""

# ruff: noqa: RUF001, SIM905  (names in other scripts, and lists that are read as words)

from __future__ import annotations

import re

_COUNTRIES = (
    "a[cdefgilmoqrstuwxz]|b[abdefghijmnorstvwyz]|c[acdfghiklmnoruvwxyz]|d[ejkmoz]|e[cegrstu]"
    "|f[ijkmor]|g[abdefghilmnpqrstuwy]|h[kmnrtu]|i[delmnoqrst]|j[emop]|k[eghimnprwyz]"
    "|l[abcikrstuvy]|m[acdeghklmnopqrstuvwxyz]|n[acefgilopruz]|om|p[aefghklmnrstwy]|qa"
    "|r[eosuw]|s[abcdeghijklmnorstuvxyz]|t[cdfghjklmnortvwz]|u[agksyz]|v[aceginu]|w[fs]"
    "|y[et]|z[amw]"
)
_NAMES = frozenset(
    """
    aaa abb abbott academy accountant accountants actor ads adult aero agency airforce amazon
    amsterdam android apartments app apple arab archi army art arpa asia associates attorney
    auction audio auto autos baby band bank bar barcelona bargains baseball basketball bayern bbc
    beauty beer berlin best bet bible bid bike bing bingo bio biz black blackfriday blog bloomberg
    blue bmw bond boo book bosch boston bot boutique box brother brussels build builders business
    buy buzz bzh cab cafe call cam camera camp capetown capital car cards care career careers cars
    casa case cash casino cat catering center ceo cfd channel charity chat cheap christmas chrome
    church circle cisco city claims cleaning click clinic clothing cloud club coach codes coffee
    college cologne com community company compare computer condos construction consulting contact
    contractors cooking cool coop corsica country coupon coupons courses credit creditcard
    cricket cruise cruises cymru dad dance data date dating day deal dealer deals degree delivery
    democrat dental dentist desi design dev diamonds diet digital direct directory discount
    discover dish diy docs doctor dog domains download drive dubai durban earth eat eco edeka edu
    education email energy engineer engineering enterprises equipment esq estate eus events
    exchange expert exposed express fail faith family fan fans farm fashion feedback film final
    finance financial fish fishing fit fitness flights florist flowers fly foo food football forex
    forsale forum foundation free frl fun fund furniture futbol fyi gal gallery game games garden
    gay gent gift gifts gives giving glass global gmail gmbh gold golf goo google gop gov graphics
    gratis green gripe grocery group guide guitars guru hair hamburg hangout haus health
    healthcare help here hiphop hiv hockey holdings holiday homes horse hospital host hosting hot
    hotels house how icu immo immobilien inc industries info ing ink institute insurance insure
    int international investments irish ist istanbul jetzt jewelry jobs joburg juegos kaufen kids
    kim kitchen kiwi koeln krd kyoto land lat law lawyer lease legal lgbt life lifestyle lighting
    limited limo link live living loan loans locker lol london lotto love ltd luxe luxury madrid
    maison makeup management map market marketing markets mba med media meet melbourne meme
    memorial men menu miami microsoft mil mobi moda moe moi mom monster mortgage moscow moto
    motorcycles mov movie museum music nagoya name navy net network new news nexus ngo ninja now
    nowruz nrw nyc office okinawa one ong onl online ooo open oracle org organic osaka ovh page
    paris partners parts party pet phd phone photo photography photos physio pics pictures pid
    pink pizza place play plumbing plus poker porn post press prime pro prod productions prof
    promo properties property pub qpon quebec quest racing radio read realestate realtor realty
    recipes red rehab reise reisen reit ren rent rentals repair report republican rest restaurant
    review reviews rich rip rocks rodeo room rsvp rugby ruhr run ryukyu sale salon sap sarl save
    sbs school schule science scot search secure security select services sex sexy shiksha shoes
    shop shopping show singles site ski skin skype sky soccer social software solar solutions song
    soy space spa sport spot srl storage store stream studio study style sucks supplies supply
    support surf surgery swiss sydney systems talk tatar tattoo tax taxi team tech technology tel
    tennis theater theatre tickets tienda tips tires tirol today tokyo tools top tours town toys
    trade trading training travel tube tunes university uno vacations vegas ventures vet viajes
    video villas vin vip vision vodka vote voting voto voyage wales wang watch watches weather
    web webcam website wedding whoswho wien wiki win wine winners work works world wow wtf xbox
    xin xxx xyz yachts yoga yokohama you youtube zero zip zone zuerich
    """.split()
)
_COUNTRY = re.compile(_COUNTRIES)
_ENCODED = re.compile(r"xn--[a-z0-9-]{2,59}")

_FOREIGN = frozenset(
    "рф рус москва онлайн сайт орг дети укр бел срб мон қаз бг ею ελ 中国 中國 公司 网络 网址 网站 "
    "在线 中文网 商城 香港 台湾 台灣 澳門 みんな コム 世界 한국 닷컴 닷넷 삼성 भारत "
    "ไทย คอม ລາວ 我爱你 集团 移动 购物 网店 信息 企业 机构 游戏 娱乐 新加坡 ストア セール".split()
)

FILE_ENDINGS = frozenset("cc md ml mm pl ps py rs sh so st tf zip".split())
"""Endings of file names that are top-level domains too."""


def is_top_level_domain(label: str) -> bool:
    """Return True for a top-level domain."""
    label = label.lower()
    return (
        label in _NAMES
        or label in _FOREIGN
        or _COUNTRY.fullmatch(label) is not None
        or _ENCODED.fullmatch(label) is not None
    )
