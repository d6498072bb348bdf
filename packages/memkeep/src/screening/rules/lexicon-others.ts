import type { Lexicon } from './lexicon.ts'

/** The commonest forms in Italian, Portuguese, Dutch, Polish, Russian, Chinese and Japanese. */
export const others: Lexicon = {
  hence:
    "d'ora in poi, da ora in poi, da adesso in poi, in futuro, da oggi, de agora em diante, a partir de agora, daqui em diante, no futuro, vanaf nu, voortaan, in het vervolg, od teraz, od tej pory, w przyszłości, отныне, с этого момента, теперь всегда, впредь, с этого дня, 从现在开始, 从现在起, 今后, 以后, 今後, これから, 从今以后",
  always:
    'sempre, ogni volta, automaticamente, automaticamente, todas as vezes, altijd, elke keer, automatisch, zawsze, za każdym razem, automatycznie, всегда, каждый раз, автоматически, никогда, 总是, 必须, 每次, 必ず, 常に, いつも, 始终, 永远',
  agent:
    "l'assistente, assistente, l'agente, agente, il modello, de assistent, de agent, asystent, agent, model, ассистент, агент, бот, модель, ты, вы, 你, 您, 助手, 助理, あなた, アシスタント, エージェント",
  must: 'devi, deve, dovrai, assicurati, deves, deve, moet, moeten, zorg ervoor, zorg dat, musisz, należy, powinieneś, должен, должна, должны, обязан, обязательно, нужно, 必须, 应该, 务必, 一定要, しなければ, べき, してください',
  transmit:
    'invia, inviare, inoltra, inoltrare, manda, condividi, copia, carica, envia, envie, enviar, encaminhe, encaminha, encaminhar, mande, compartilhe, stuur, sturen, verzend, doorsturen, stuur door, kopieer, wyślij, wysyłaj, przekaż, przekazuj, prześlij, przesyłaj, skopiuj, отправь, отправляй, отправлять, отправьте, перешли, пересылай, перешлите, передай, скопируй, 发送, 转发, 发给, 上传, 送信, 転送, 送って, 複製',
  destroy:
    'elimina, cancella, cancellare, disattiva, apague, apaga, exclua, elimine, desative, verwijder, verwijderen, wis, usuń, usuwaj, skasuj, wyłącz, удали, удаляй, удалить, отключи, сотри, 删除, 清除, 禁用, 関閉, 削除, 消去, 無効',
  execute:
    'esegui, eseguire, chiama la, apri, installa, scarica, execute, chame a, abra, instale, baixe, voer, uitvoeren, roep, open, installeer, download, wykonaj, uruchom, wywołaj, otwórz, zainstaluj, выполни, выполняй, запусти, вызови, открой, установи, скачай, 执行, 运行, 调用, 打开, 安装, 実行, 呼び出, 開いて',
  grant:
    'approva, autorizza, concedi, accetta, aprove, autorize, conceda, aceite, keur goed, goedkeuren, verleen, sta toe, zatwierdź, zatwierdzaj, zezwól, udziel, одобри, одобряй, разреши, предоставь, подтверди, 批准, 授权, 允许, 同意, 承認, 許可',
  money:
    'bonifico, bonifici, paga, pagamento, pagamenti, rimborsa, rimborso, pagamento, pagamentos, transferência, transferências, reembolso, betaal, betaling, betalingen, maak over, terugbetaling, przelew, przelewy, przelej, zapłać, płatność, płatności, переведи, переводи, перевод, оплати, платёж, платежи, деньги, 付款, 转账, 汇款, 支付, 退款, 送金, 振込, 支払',
  recommend:
    'consiglia, raccomanda, suggerisci, recomende, sugira, indique, beveel aan, raad aan, aanbevelen, polecaj, zalecaj, poleć, рекомендуй, советуй, предлагай, 推荐, 推薦, おすすめ, 勧めて',
  secret:
    'password, credenziali, chiave api, cronologia, conversazione, conversazioni, dati personali, carta di credito, carte di credito, prompt di sistema, ricordi, senha, senhas, credenciais, histórico, conversa, conversas, dados pessoais, cartão de crédito, wachtwoord*, inloggegevens, gespreksgeschiedenis, gesprek, persoonlijke gegevens, creditcard*, hasło, hasła, poświadczenia, historię rozmow*, rozmow*, dane osobowe, kart* kredytow*, пароль, пароли, пароля, паролей, учетные данные, историю переписки, переписку, историю разговора, персональные данные, личные данные, номер карты, системный промпт, 密码, 密碼, 凭证, 聊天记录, 对话, 个人信息, 系统提示, 信用卡, 密钥, パスワード, 会話履歴, 会話, 個人情報, 認証情報, システムプロンプト',
  ignore:
    'ignora, ignorare, dimentica, ignore, desconsidere, esqueça, negeer, vergeet, zignoruj, ignoruj, pomiń, zapomnij, игнорируй, игнорировать, забудь, проигнорируй, не следуй, обойди, 忽略, 无视, 忘记, 绕过, 無視, 忘れて',
  instructions:
    'istruzioni, regole, instruções, regras, instructies, regels, instrukcje, poprzednie polecenia, polecenia, zasady, инструкции, указания, правила, ограничения, 指令, 指示, 规则, 规定, 限制, ルール, 規則',
  previous:
    'precedenti, tutte le, anteriores, todas as, vorige, eerdere, alle, poprzednie, wszystkie, предыдущие, все, прежние, 之前, 以前, 所有, 上述, 前の, すべて, これまで',
  authority:
    "l'amministratore, amministratore, la direzione, o administrador, administrador, a diretoria, beheerder, systeembeheerder, directie, administrator*, dział it, zarząd, администратор, служба безопасности, руководство, 管理员, 管理員, 安全团队, 管理層, 管理者, セキュリティチーム",
  approved:
    'approvato, autorizzato, verificato, aprovado, autorizado, verificado, goedgekeurd, geautoriseerd, zatwierdzone, zatwierdzony, upoważniony, одобрено, одобрил, одобрила, разрешено, разрешил, подтверждено, 已批准, 已授权, 已验证, 承認済み, 許可済み',
  conceal:
    "non dire, non dirlo, non menzionare, all'insaputa, senza dirlo, senza informare, di nascosto, em segredo, não diga, não conte, não mencione, sem avisar, sem informar, sem que o, zeg niets, vertel niet, vermeld niet, zonder dat de, stiekem, in het geheim, nie mów, nie wspominaj, bez wiedzy, po cichu, w tajemnicy, не говори, не сообщай, не упоминай, втайне, незаметно, тайно, молча, скрой, скрывай, 不要告诉, 不要提, 不要透露, 悄悄, 秘密, 暗中, 不让用户, 隐瞒, 言わない, 知らせない, 伝えない, 内緒, こっそり, 秘密に",
  user: "l'utente, utente, utenti, il cliente, o usuário, usuário, usuários, o utilizador, o cliente, de gebruiker, gebruiker, gebruikers, klant, użytkownik, użytkownika, użytkownikowi, klient, пользователь, пользователя, пользователю, клиент, клиента, 用户, 客户, 使用者, ユーザー, 顧客, お客様",
  replace:
    'invece di, invece, al posto di, fai riferimento, em vez de, no lugar de, in plaats van, verwijs naar, zamiast, вместо, используй данные, 改为, 而不是, 代替, 替换, 代わりに, ではなく',
  record:
    'dati, cartella, paziente, dados, registros, prontuário, gegevens, dossier, patiënt, dane, rekord, pacjent, данные, запись, записи, карта, пациент, пациента, 数据, 记录, 病人, 患者, 账户, データ, 記録, 口座',
  if: 'se, quando, ogni volta che, appena, se o, assim que, als, wanneer, zodra, jeśli, gdy, kiedy, jeżeli, если, когда, как только, 如果, 当, 一旦, もし, たら, とき',
  mention:
    'chiede, menziona, dice, parla di, perguntar, mencionar, pedir, disser, vraagt, noemt, zegt, zapyta, wspomni, poprosi, powie, спросит, спрашивает, упомянет, попросит, скажет, 提到, 问, 询问, 说, 尋ね, 言っ, 聞か',
  precedent:
    "l'ultima volta, in passato, con successo, da última vez, no passado, com sucesso, vorige keer, in het verleden, met succes, ostatnim razem, wcześniej, pomyślnie, в прошлый раз, ранее, раньше, успешно, по опыту, 上次, 之前的经验, 成功, 前回, 過去",
  unconfirmed:
    'senza conferma, senza chiedere, senza verifica, sem confirmação, sem perguntar, sem verificar, zonder bevestiging, zonder te vragen, zonder controle, bez potwierdzenia, bez pytania, bez weryfikacji, без подтверждения, без проверки, не спрашивая, без согласования, 无需确认, 不需要确认, 无需验证, 不用确认, 確認なし, 確認せず, 無断で',
  decode: 'decodifica, decodifique, decodeer, zdekoduj, декодируй, расшифруй, 解码, 解密, デコード, 復号',
  obey: 'segui, esegui, siga, obedeça, volg, wykonaj, postępuj, следуй, выполняй, 遵循, 执行, 服从, 従って, 従え',
  persona:
    'ora sei, fingi di, comportati come, agora você é, finja, aja como, je bent nu, doe alsof, teraz jesteś, udawaj, теперь ты, притворись, веди себя как, 你现在是, 扮演, 假装, あなたは今, ふりをして, 開発者モード, 开发者模式',
  self: 'io, noi, mio, mia, eu, nós, meu, minha, ik, wij, mijn, ja, moj, moja, mój, я, мы, мой, моя, мне, 我, 我们, 私, 私たち, 僕',
}
