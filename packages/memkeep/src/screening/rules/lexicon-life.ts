import type { Lexicon } from './lexicon.ts'

/** What memories of people are about. No rule names these: they tell the model what an ordinary text looks like. */
export const life: Lexicon = {
  kin: [
    'mother, mum, mom, dad, father, parents, sister*, brother*, wife, husband, partner, son, daughter*, kids, children, child, baby, twins, grand*, uncle',
    'aunt, cousin*, nephew*, niece*, friend*, neighbour*, neighbor*, boss, colleague*, teacher*, landlord, dog, dogs, cat, cats, horse, rabbit, flatmate*',
    'mutter, mama, vater, papa, eltern, schwester*, bruder*, frau, mann, sohn, tochter, kinder, kind, oma, opa, onkel, tante, freund*, nachbar*, chef, chefin, hund, katze',
    'mère, père, parents, sœur, frère, femme, mari, fils, fille, enfants, enfant, grand mère, grand père, oncle, tante, ami*, voisin*, chien, chat',
    'madre, padre, padres, hermana, hermano, mujer, marido, hijo, hija, hijos, abuela, abuelo, tío, tía, amig*, vecin*, perro, gato, pareja',
    'sorella, fratello, figlio, figlia, nonna, mãe, pai, irmã, irmão, filha, filho, zus, broer, dochter, zoon, moeder, vader, córka, syn, mama, siostra, brat',
    'мама, маме, отец, сестра, брат, жена, жену, муж, сын, сына, дочь, бабушка, собака, собаку, кошка, 妈妈, 爸爸, 女儿, 儿子, 猫, 狗, 母, 父, 娘, 息子, 弟, 妹, 犬',
  ].join(', '),
  when: [
    'monday*, tuesday*, wednesday*, thursday*, friday*, saturday*, sunday*, january, february, march, april, may, june, july, august, september, october, november, december',
    'spring, summer, autumn, winter, morning*, evening*, night*, afternoon, noon, yesterday, today, tomorrow, weekend*, week, weeks, month, months, year, years, ago, since, until, last, o clock',
    'montag*, dienstag*, mittwoch*, donnerstag*, freitag*, samstag*, sonntag*, januar, februar, märz, mai, juni, juli, oktober, dezember, morgen, abend, heute, gestern, woche, monat, jahr, jahre, jahren, seit, uhr',
    'lundi, mardi, mercredi, jeudi, vendredi, samedi, dimanche, janvier, février, mars, avril, juin, juillet, août, septembre, octobre, matin, soir, hier, demain, semaine, mois, an, ans, depuis, heures',
    'lunes, martes, miércoles, jueves, viernes, sábado*, domingo*, enero, febrero, marzo, abril, mayo, junio, julio, agosto, septiembre, octubre, mañana, tarde, noche, ayer, hoy, semana, mes, año, años, desde hace',
    'lunedì, domenica, mattino, anni, domingo, anos, maandag, zondag, jaar, poniedziałek, niedzielę, lat, воскресеньям, утрам, понедельник, лет, 周日, 周一, 每天, 今年, 毎週, 毎朝, 月曜日, 日曜日',
  ].join(', '),
  likes: [
    "like, likes, love, loves, prefer, prefers, hate, hates, enjoy*, favourite, favorite, allergic, allergy, afraid, scared, would like, i'd like, i want, i'd love, i think, i feel, proud, miss, believe, fond of, sick of, wish",
    'mag, mögen, liebe, lieber, lieblings*, allergisch, angst, vertrage, gern, gerne, ich möchte, freue, wünscht, wünsche',
    "j'aime, je préfère, préfère, préféré, préférée, allergique, peur, adore, j'aimerais, je voudrais, n'aime",
    'me gusta, me gustan, me encanta, prefiero, favorito, alérgica, alérgico, miedo, quisiera, quiero, no me gustan',
    'allergico, preferisco, prefiro, gosto, houd van, allergisch, uczulona, lubię, аллергия, люблю, 喜欢, 过敏, アレルギー, 好き',
  ].join(', '),
  past: [
    'was, were, had, did, went, said, told, asked, bought, moved, sold, got, took, made, came, saw, used to, has been, have been, gave, lost, found, left, kept, began, felt, met, broke, worked, studied, grew, wrote, paid, sent, ran, had to, mentioned, reported, wanted, agreed, confirmed',
    'war, waren, hatte, hatten, habe, haben wir, wurde, wurden, ging, sagte, kam, hat, bin, gewesen, gegeben, bekommen',
    "j'ai, était, étaient, avait, avons, a été, suis allé, avez été, j'étais, fut",
    'era, eran, fue, fueron, estaba, había, hice, tuve, fui, olvidé, borré, cambié, ha sido, quedamos',
    'ho, era, aveva, fui, esqueci, ben, was, had, zapomniałem, byłem, было, был, была, забыл, 了, ました, でした',
  ].join(', '),
  state:
    "is, are, am, i'm, it's, she's, he's, there is, there are, lives, live, works, work, called, named, ist, sind, heißt, wohne, wohnen, arbeite, arbeitet, est, sont, s'appelle, habite, travaille, es, son, está, se llama, vivo, trabajo, tengo, è, si chiama, moro, heet, woon, mieszkam, живу, зовут, 住, 是, です, います",
  daily: [
    'breakfast, lunch, dinner, coffee, tea, bread, cake, soup, pizza, salad, milk, eggs, butter, flour, sugar, water, wine, oven, kitchen, garden, balcony, house, flat, room, car, bike, train, ferry, bus, trip, holiday*, hotel, beach, book, books, film, music, band, choir, guitar, piano, cello, football, swimming, running, run, gym, yoga, school, class, exam, teacher, doctor, dentist, nurse, pills, tablets, knee, birthday, wedding, party, present, shoes, jumper, dress, weather, rain, snow, sea, lake, mountain*',
    'frühstück, kaffee, tee, brot, kuchen, suppe, milch, ofen, küche, garten, wohnung, haus, auto, rad, zug, urlaub, hotel, buch, film, musik, schule, arzt, ärztin, zahnarzt*, geburtstag, schuhe, regen, meer, teig, mehl',
    'petit déjeuner, café, thé, pain, gâteau, soupe, lait, four, cuisine, jardin, appartement, maison, voiture, vélo, train, vacances, livre, film, musique, école, médecin, dentiste, anniversaire, chaussures, mer, pâte, farine, beurre',
    'desayuno, café, té, pan, tarta, sopa, leche, horno, cocina, jardín, piso, casa, coche, bici, tren, vacaciones, libro, cine, música, escuela, médico, dentista, cumpleaños, zapatos, mar, masa, harina, mantequilla, guitarra',
  ].join(', '),
  reported:
    'user asked, user mentioned, user prefers, user said, user wants, user would like, user reported, the user is, the user asked, the user has, the user prefers, the user never, customer asked, customer wants, customer says, customer was, customer always, customer prefers, the customer wants, the client asked, client wants, patient reports, patient was, nutzerin fragte, nutzer fragte, kunde möchte, kundin hat, kunde hat, le client souhaite, le client a, la clienta quiere, el cliente cambió, guest asked, she asked, he asked, asked that, asked to be',
  'you-may':
    "you can, you may, you get, you need, you will, you'll, you could, you should see, once you, if you have, when you, du kannst, man kann, man darf, man muss, tu peux, on peut, puedes, se puede, please find, dear, sehr geehrte*, kind regards, sincerely, thank you",
}
