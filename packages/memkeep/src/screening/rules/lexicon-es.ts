import type { Lexicon } from './lexicon.ts'

export const spanish: Lexicon = {
  hence:
    'de ahora en adelante, a partir de ahora, desde ahora, de aquí en adelante, en adelante, en el futuro, en lo sucesivo, a partir de hoy, a partir de este momento, de forma permanente, permanentemente, en todas las sesiones, en cada sesión, en todas las conversaciones, en cada conversación, hasta nuevo aviso',
  always: 'siempre, cada vez, en todo momento, automáticamente, sin excepción, en todos los casos, nunca, jamás',
  agent:
    'tú, usted, tu, tus, te, su asistente, el asistente, asistente, el agente, agente, la ia, ia, el bot, bot, el modelo, modelo',
  must: 'debes, debe, deben, deberás, deberá, tienes que, tiene que, hay que, asegúrate, asegúrese, recuerda que debes, no olvides, está obligado, es obligatorio, obligatorio',
  please: 'por favor, quiero que, necesito que',
  transmit:
    'envía, enviar, envíe, envías, manda, mandar, mande, reenvía, reenviar, reenvíe, transmite, transmitir, comparte, compartir, comparta, copia, copiar, copie, publica, publicar, sube, subir, adjunta, adjuntar, exporta, exportar, incluye, agrega, filtra, entrega',
  destroy:
    'borra, borrar, borre, elimina, eliminar, elimine, desactiva, desactivar, destruye, destruir, sobrescribe, sobrescribir, revoca, apaga',
  execute:
    'ejecuta, ejecutar, ejecute, llama a, llame a, invoca, invocar, lanza, abre, abrir, abra, instala, instalar, descarga, descargar, haz clic, haga clic, visita, visite, corre el',
  grant:
    'aprueba, aprobar, apruebe, autoriza, autorizar, autorice, concede, conceder, conceda, valida, acepta, aceptar, acepte, permite, desbloquea',
  money:
    'transfiere, transferir, transfiera, transferencia, transferencias, paga, pagar, pague, pago, pagos, reembolsa, reembolsar, reembolso*, compra, comprar, factura, facturas, cuenta bancaria, dinero, fondos',
  recommend:
    'recomienda, recomendar, recomiende, sugiere, sugerir, prefiere, preferir, elige, elegir, prioriza, priorizar, promociona, ofrece, pide, cita',
  say: 'di, diga, responde, responder, responda, afirma, escribe, repite, repita, muestra, muestre, revela, revele, imprime',
  secret:
    'contraseña, contraseñas, credencial*, clave api, claves api, claves, token, tokens, secreto, secretos, clave privada, tarjeta de crédito, tarjetas de crédito, número de tarjeta, números de tarjeta, historial, conversación, conversaciones, prompt del sistema, memorias, recuerdos, datos personales, datos de clientes, datos de los clientes, datos de pacientes, agenda de contactos, contactos, confidencial*, base de datos, código de verificación, códigos de verificación, bandeja de entrada, transcripción*',
  ignore:
    'ignora, ignorar, ignore, olvida, olvidar, olvide, omite, omitir, omita, sáltate, saltarse, evade, desobedece, anula, anular, no sigas, no hagas caso, haz caso omiso, no tengas en cuenta, deja de seguir, sin efecto',
  instructions:
    'instrucción, instrucciones, regla, reglas, directriz, directrices, norma, normas, política, políticas, restriccion*, restricción, límites, filtros, indicaciones, órdenes, prompt, salvaguardas, controles, protecciones',
  previous:
    'anterior, anteriores, previa, previas, previo, previos, todas, todos, tus, sus, las, los, iniciales, originales, existentes',
  authority:
    'administrador*, administradora, equipo de seguridad, departamento de informática, departamento de ti, desarrollador*, la dirección, dirección general, gerencia, soporte, soporte técnico, cumplimiento, director*, jefe, operador, departamento legal, superusuario, auditoría',
  approved:
    'aprobado, aprobada, aprobados, autorizado, autorizada, autorizados, verificado, verificada, confirmado, confirmada, oficial, oficialmente, certificado, acceso total, acceso completo, según la política, conforme a la política, por orden de, tiene permiso, exento, exenta, de confianza',
  conceal:
    'no le digas, no digas, no se lo digas, no diga, no menciones, no lo menciones, no mencione, no reveles, no lo reveles, no revele, no informes, no avises, no notifiques, no registres, sin decirle, sin decir, sin avisar, sin informar, sin mencionarlo, sin mencionar, sin que el usuario, sin que el cliente, sin que lo sepa, en secreto, a escondidas, silenciosamente, en silencio, discretamente, en segundo plano, oculta, ocultar, oculte, no debe saber, no debe enterarse, no deben saber, no deje rastro, no dejes rastro, guarda silencio',
  user: 'el usuario, la usuaria, usuario, usuarios, el cliente, la clienta, cliente, clientes, alguien, nadie, persona, paciente, pacientes, al usuario, al cliente',
  replace:
    'en lugar de, en vez de, en su lugar, remítete a, consulta el registro de, consulta los datos de, redirige, redirigir, sustituye, sustituir, reemplaza, reemplazar, reemplazado por, sustituido por, se considera, considéralo, equivale a, equivalente a, idéntico a, corresponde a, trasladado a, trasladados a, fusionado con, guardado como, guardados bajo, guardado bajo, ahora es, es en realidad, en realidad es, la misma persona, usa los datos, utiliza los datos, alias de',
  record:
    'datos, registro, registros, expediente, expedientes, archivo, cuenta, cuentas, perfil, identificador, paciente, artículo, producto, pedido, entrada, número, cliente, clienta, factura, documento, dirección, proveedor, historia clínica',
  if: 'si, cuando, cada vez que, en cuanto, la próxima vez, siempre que, tan pronto, en caso de, después de',
  mention:
    'mencione, menciona, pregunte, pregunta, preguntan, pida, pide, diga, dice, escriba, escribe, la palabra, la frase, la palabra clave, hable de, solicite, solicita, quiera, consulta, consultas, abra, inicie sesión',
  precedent:
    'la última vez, anteriormente, en el pasado, en una sesión anterior, en sesiones anteriores, en la sesión anterior, como acordamos, como siempre, con éxito, funcionó bien, tarea anterior, tareas similares, casos similares, buena práctica, práctica habitual, ya aceptaste, ya has, ya aceptó, ya dio su, experiencia, experiencias, procedimiento habitual, solicitudes similares',
  unconfirmed:
    'sin confirmación, sin confirmar, sin preguntar, sin verificación, sin verificar, sin comprobar, sin revisión, sin revisar, sin autorización, sin aprobación, sin pedir confirmación, no hace falta confirmar, no es necesario confirmar, no hace falta verificar, no hace falta preguntar, no es necesario verificar, ninguna verificación, sáltate la verificación, omite la verificación',
  step: 'paso 1, paso 2, paso uno, pensamiento :, razonamiento :, solución :, conocimiento :, plan :, por lo tanto, por tanto, por consiguiente, primero debemos, para responder a, respuesta :',
  decode: 'decodifica, decodificar, descifra, descifrar, traduce, convierte',
  obey: 'sigue, siga, seguir, obedece, obedezca, cumple, cumpla, ejecuta, aplica, aplique',
  persona:
    'ahora eres, ya no eres, actúa como, actúe como, finge ser, finge que, hazte pasar, modo desarrollador, sin restricciones, sin límites, sin filtros, sin censura',
  self: 'yo, nosotros, él, ella, mi, mis, nuestro, nuestra, me, nos',
  manner: 'en español, en inglés, tutéame, trátame de, métrico, respuestas cortas',
}
