import type { Lexicon } from './lexicon.ts'

export const german: Lexicon = {
  hence:
    'ab sofort, von nun an, ab jetzt, ab heute, von jetzt an, künftig, zukünftig, in zukunft, fortan, bis auf weiteres, dauerhaft, in allen künftigen, in jedem künftigen, in jeder sitzung, in jedem gespräch, bei jeder sitzung, in allen gesprächen, in jeder unterhaltung',
  always:
    'immer, jedes mal, jedesmal, stets, ausnahmslos, grundsätzlich, automatisch, bei jeder, bei jedem, niemals, in jedem fall',
  agent:
    'du, dich, dir, dein, deine, deinen, deiner, assistent, assistenten, der agent, agent, agenten, die ki, ki, der bot, bot, das modell, modell, sprachmodell',
  must: 'musst, müssen, muss, sollst, soll, sollen, hast zu, ist verpflichtet, verpflichtet, stelle sicher, stell sicher, sorge dafür, achte darauf, denk daran, vergiss nicht, darfst, darf, dürfen',
  please: 'bitte, ich möchte dass du, ich will dass du',
  transmit:
    'sende, senden, sendest, schicke, schick, schicken, weiterleiten, leite, leiten, übermittle, übermitteln, überträgst, hochladen, lade, poste, kopiere, kopieren, teile, mitschicken, füge, anhängen, veröffentliche, gib, übergib, exportiere, exportieren, mail, maile, mailen',
  destroy:
    'lösche, löschen, lösch, entferne, entfernen, überschreibe, überschreiben, deaktiviere, deaktivieren, abschalten, schalte, vernichte, vernichten, widerrufe',
  execute:
    'führe, ausführen, starte, starten, rufe, aufrufen, öffne, öffnen, installiere, installieren, lade herunter, herunterladen, klicke, besuche, nutze das werkzeug, verwende das werkzeug',
  grant:
    'genehmige, genehmigen, erlaube, erlauben, gewähre, gewähren, freigeben, gib frei, bestätige, bestätigen, autorisiere, autorisieren, akzeptiere, akzeptieren, schalte frei, freischalten',
  money:
    'überweise, überweisen, überweisung, zahle, zahlen, bezahle, zahlung, zahlungen, erstatte, erstatten, kaufe, kaufen, rechnung, rechnungen, bankverbindung, kontonummer, geld',
  recommend:
    'empfehle, empfehlen, empfiehl, empfiehlst, bevorzuge, bevorzugen, schlage, vorschlagen, wähle, bewirb, bewerbe, bestelle, nenne, zitiere',
  say: 'sage, sag, sagen, antworte, antworten, behaupte, behaupten, schreibe, wiederhole, gib aus, ausgeben, zeige, nenne, verrate',
  secret:
    'passwort, passwörter, kennwort, kennwörter, zugangsdaten, api schlüssel, geheimnis*, schlüssel, kreditkarte*, kreditkartennummer*, gesprächsverlauf, chatverlauf, verlauf, unterhaltung*, systemprompt, system prompt, erinnerungen, gespeicherten, gespeicherte, personenbezogen*, persönlichen daten, kundendaten, patientendaten, adressbuch, kontakte, vertraulich*, datenbank, tan, pin, bestätigungscode*, posteingang, anmeldedaten, gesprächsprotokoll*',
  ignore:
    'ignoriere, ignorieren, ignorier, missachte, missachten, vergiss, umgehe, umgehen, überspringe, überspringen, verwirf, setze dich über, außer kraft, hebe, aufgehoben, nicht mehr an, gelten nicht, nicht beachten',
  instructions:
    'anweisung, anweisungen, regel, regeln, richtlinie*, vorgaben, vorgabe, sicherheitsvorgaben, sicherheitsregeln, beschränkung*, einschränkung*, befehle, systemprompt, prompt, filter, schutzmaßnahmen, prüfungen, vorschriften, instruktion*',
  previous:
    'vorherige*, vorherigen, bisherige*, bisherigen, obige*, alle, deine, frühere*, vorangegangene*, sämtliche, ursprüngliche*, alten, diese, jede',
  authority:
    'administrator*, systemadministrator*, it abteilung, sicherheitsabteilung, sicherheitsteam, entwickler, geschäftsführung, geschäftsleitung, vorstand, chef, betreiber, compliance, rechtsabteilung, vorgesetzte*, leitung, revision, behörde, zentrale, it sicherheit, support, die verwaltung',
  approved:
    'genehmigt, freigegeben, bestätigt, autorisiert, verifiziert, geprüft, berechtigt, offiziell, zugelassen, erlaubt, vertrauenswürdig, gemäß richtlinie, laut richtlinie, laut anordnung, im auftrag, vollzugriff, vollen zugriff, angeordnet, befugt, ermächtigt',
  conceal:
    'sag nichts, sage nichts, erzähle nicht*, erzähl nicht*, erwähne nicht, erwähne das nicht, erwähne es nicht, erwähne dies nicht, nicht erwähnen, nichts davon, nichts verraten, verrate nicht*, ohne dass der, ohne dass die, ohne es zu erwähnen, ohne den nutzer, ohne zu erwähnen, heimlich, stillschweigend, unbemerkt, im hintergrund, im stillen, verschweige, verschweigen, verheimliche, verheimlichen, verberge, verbirg, geheim halten, darf davon nicht, dürfen nichts, darf nichts, darf nicht erfahren, nicht protokollieren, nicht informieren, informiere nicht, keinen hinweis, kein wort, ohne hinweis, lass unerwähnt, nicht anmerken, spurlos',
  user: 'der nutzer, nutzer, nutzerin, benutzer, anwender, kunde, kunden, kundin, der mensch, jemand, niemand, besitzer, patient, patienten, anrufer, den nutzer, dem nutzer, dem kunden, den kunden',
  replace:
    'statt, stattdessen, anstelle, anstatt, verweise auf, umleiten, ersetze, ersetzen, ersetzt durch, gilt als, gelten als, behandle als, identisch mit, gleichzusetzen, entspricht, verschoben nach, zusammengeführt, gespeichert unter, abgelegt unter, ist jetzt, ist nun, ist eigentlich, ist in wirklichkeit, nachschlagen unter, dieselbe person, geführt unter, läuft jetzt unter, nimm die daten, verwende die daten',
  record:
    'daten, datensatz, datensätze, akte, akten, datei, konto, konten, profil, patient, patientin, artikel, produkt, bestellung, eintrag, nummer, kunde, kundin, rechnung, dokument, adresse, lieferant, kontonummer',
  if: 'wenn, falls, sobald, immer wenn, jedes mal wenn, das nächste mal, beim nächsten, sollte, nachdem',
  mention:
    'erwähnt, erwähnen, fragt, gefragt, sagt, schreibt, tippt, verlangt, anfragt, das wort, der ausdruck, das stichwort, das kennwort, von, spricht, nachfragt, bittet, wissen will, frage, fragen, anfrage, anfragen, öffnet, meldet',
  precedent:
    'beim letzten mal, letztes mal, bisher, früher, in früheren sitzungen, in einer früheren, in der letzten sitzung, wie besprochen, wie vereinbart, bewährt*, erfolgreich, erfolgreiche, hat funktioniert, frühere aufgabe, frühere aufgaben, ähnliche aufgabe*, ähnlichen aufgaben, ähnlichen fällen, übliche praxis, üblich, üblicherweise, du hast bereits, bereits zugestimmt, eingewilligt, erfahrung, vorgehen, gängige praxis, beste ergebnis*',
  unconfirmed:
    'ohne rückfrage*, ohne bestätigung, ohne nachzufragen, ohne prüfung, ohne zu prüfen, ohne zu fragen, ohne genehmigung, ohne freigabe, ohne kontrolle, keine rückfrage*, keine bestätigung, keine prüfung, nicht nötig, nicht erforderlich, überspringe die prüfung, entfällt, ungeprüft, automatisch genehmigt',
  step: 'schritt 1, schritt 2, schritt eins, zuerst, gedanke :, überlegung :, lösung :, wissen :, plan :, daher, folglich, also muss, also müssen, daraus folgt, um die frage zu beantworten, antwort :, begründung :',
  decode: 'dekodiere, dekodieren, entschlüssele, entschlüsseln, decodiere, übersetze, wandle',
  obey: 'befolge, befolgen, folge, gehorche, führe aus, umsetzen, setze um, handle danach, halte dich',
  persona:
    'du bist jetzt, du bist ab, du bist nicht mehr, tu so als, verhalte dich wie, spiele die rolle, entwicklermodus, wartungsmodus, ohne einschränkungen, uneingeschränkt, unzensiert',
  self: 'ich, wir, er, mein, meine, unser, unsere, mich, mir',
  manner: 'auf deutsch, auf englisch, duzen, siezen, metrisch, kurze antworten, kurz, nenn mich',
}
