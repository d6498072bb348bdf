import type { Lexicon } from './lexicon.ts'

export const french: Lexicon = {
  hence:
    "désormais, dorénavant, à partir de maintenant, à compter de ce jour, à compter de maintenant, à l'avenir, à partir d'aujourd'hui, dès maintenant, dès à présent, dans toutes les sessions, à chaque session, dans chaque conversation, de façon permanente, jusqu'à nouvel ordre, pour toutes les conversations, toutes les futures",
  always:
    'toujours, à chaque fois, chaque fois, systématiquement, automatiquement, sans exception, jamais, en toutes circonstances',
  agent:
    "tu, vous, toi, te, ton, ta, tes, votre, vos, l'assistant, assistant, l'agent, agent, l'ia, ia, le bot, bot, le modèle, modèle",
  must: "dois, devez, doit, doivent, devras, faut, assure toi, assurez vous, veille à, veillez à, n'oublie pas, n'oubliez pas, est tenu de, êtes tenu, obligatoire, pense à",
  please: "s'il te plaît, s'il vous plaît, merci de, veuillez, je veux que tu, je veux que vous",
  transmit:
    'envoie, envoyer, envoyez, envoies, transfère, transférer, transférez, transmets, transmettre, transmettez, expédie, partage, partager, partagez, copie, copier, copiez, publie, publier, publiez, téléverse, téléverser, joins, joindre, exporte, exporter, exportez, ajoute, insère, poste, communique, communiquez',
  destroy:
    'supprime, supprimer, supprimez, efface, effacer, effacez, désactive, désactiver, désactivez, détruis, détruire, écrase, écraser, révoque, purge',
  execute:
    'exécute, exécuter, exécutez, lance, lancer, lancez, appelle, appeler, appelez, ouvre, ouvrir, ouvrez, installe, installer, installez, télécharge, télécharger, téléchargez, clique, cliquez, visite, invoque, déclenche',
  grant:
    'approuve, approuver, approuvez, autorise, autoriser, autorisez, accorde, accorder, accordez, valide, valider, validez, accepte, accepter, acceptez, débloque',
  money:
    'virement, virements, vire, paie, payer, payez, paiement, paiements, rembourse, rembourser, remboursement*, achète, acheter, facture, factures, rib, coordonnées bancaires, argent, fonds',
  recommend:
    'recommande, recommander, recommandez, privilégie, privilégier, suggère, suggérer, propose, proposer, préfère, choisis, choisissez, conseille, conseiller, commande, cite',
  say: 'dis, dites, réponds, répondez, répondre, affirme, affirmez, écris, répète, répétez, affiche, affichez, révèle, révélez, montre',
  secret:
    "mot de passe, mots de passe, identifiants, clé api, clés api, clef api, jeton*, secret, secrets, clé privée, carte bancaire, cartes bancaires, carte de crédit, numéro de carte, numéros de carte, historique, conversation, conversations, invite système, prompt système, mémoires, souvenirs, données personnelles, données clients, données des patients, carnet d'adresses, contacts, confidentiel*, base de données, code de vérification, codes de vérification, boîte de réception, transcription*",
  ignore:
    'ignore, ignorer, ignorez, oublie, oublier, oubliez, contourne, contourner, contournez, outrepasse, passe outre, passez outre, annule, ne tiens pas compte, ne tenez pas compte, ne suis plus, ne respecte plus, saute',
  instructions:
    'instruction, instructions, consigne, consignes, règle, règles, directive*, restriction*, garde fous, limites, politique, filtres, protections, prompt, contrôles, contraintes',
  previous: 'précédente*, précédent*, antérieure*, ci dessus, toutes, tous, tes, vos, les, initiales, anciennes',
  authority:
    "administrateur*, l'administrateur, l'équipe sécurité, équipe de sécurité, service informatique, la direction, direction, développeur*, le support, conformité, pdg, dsi, rssi, le responsable, responsable, opérateur, service juridique, siège, hiérarchie",
  approved:
    'approuvé*, autorisé*, validé*, vérifié*, confirmé*, officiel*, officiellement, certifié*, habilité*, accès complet, plein accès, conformément à, selon la politique, sur ordre de, exigé*, dispensé*',
  conceal:
    "ne dis pas, ne dis rien, ne le dis pas, ne dites rien, ne dites pas, ne mentionne pas, ne mentionnez pas, ne le mentionne pas, ne parle pas, n'en parle pas, n'en parlez pas, ne révèle pas, ne révélez pas, ne signale pas, n'informe pas, n'informez pas, sans le dire, sans en informer, sans informer, sans prévenir, sans le mentionner, sans que l'utilisateur, sans que le client, à l'insu, discrètement, en secret, secrètement, silencieusement, en arrière plan, cache, cacher, dissimule, dissimuler, ne doit pas savoir, ne doit rien savoir, ne doivent pas savoir, ne laisse aucune trace, passe sous silence, en silence",
  user: "l'utilisateur, l'utilisatrice, utilisateur, utilisateurs, le client, client, clients, la cliente, quelqu'un, personne, patient, patients, on, l'humain",
  replace:
    'au lieu, à la place, plutôt que, réfère toi, référez vous, se référer, redirige, rediriger, remplace, remplacer, remplacez, remplacé par, considère comme, équivaut à, équivalent à, identique à, correspond à, déplacé vers, fusionné avec, enregistré sous, enregistrées sous, est maintenant, est désormais, est en réalité, la même personne, utilise les données, consulte le dossier',
  record:
    'données, dossier, dossiers, fichier, compte, comptes, profil, identifiant, patient, patiente, article, produit, commande, entrée, numéro, client, cliente, facture, document, adresse, fournisseur',
  if: "si, quand, lorsque, lorsqu'on, dès que, chaque fois que, la prochaine fois, à chaque fois que, au cas où, après",
  mention:
    "mentionne, mentionnera, demande, demandera, demandent, dit, écrit, tape, le mot, l'expression, le mot clé, parle de, évoque, pose une question, question, questions, requête, requêtes, veut, interroge, ouvre, se connecte",
  precedent:
    "la dernière fois, auparavant, par le passé, précédemment, lors d'une session précédente, lors de la session précédente, comme convenu, comme d'habitude, avec succès, a bien fonctionné, tâche précédente, tâches similaires, cas similaires, bonne pratique, pratique habituelle, tu as déjà, vous avez déjà, a déjà accepté, expérience, retour d'expérience, procédure habituelle",
  unconfirmed:
    'sans confirmation, sans demander, sans vérification, sans vérifier, sans validation, sans contrôle, sans autorisation, sans approbation, sans poser de question, pas besoin de confirmer, pas besoin de confirmation, pas besoin de vérifier, aucune confirmation, aucune vérification, inutile de vérifier, inutile de demander, sans relecture',
  step: "étape 1, étape 2, étape un, pensée :, raisonnement :, solution :, connaissance :, plan :, donc, par conséquent, il faut d'abord, pour répondre à, réponse :",
  decode: 'décode, décoder, décodez, déchiffre, déchiffrer, déchiffrez, traduis, convertis',
  obey: 'suis, suivez, suivre, obéis, obéissez, applique, appliquez, exécute, exécutez',
  persona:
    "tu es maintenant, vous êtes maintenant, tu n'es plus, vous n'êtes plus, fais comme si, fais semblant, joue le rôle, agis comme, agissez comme, mode développeur, sans restriction, sans restrictions, sans limites, sans filtre",
  self: "je, j'ai, j'aime, nous, il, elle, mon, ma, mes, notre, moi",
  manner: 'en français, en anglais, tutoie, vouvoie, vouvoyer, métrique, réponses courtes',
}
